<?php
/** Whether this PHP has what Moodle, its drivers and config.php need: a build must not end without. */
$needed = ['apcu', 'ctype', 'curl', 'dom', 'exif', 'fileinfo', 'gd', 'iconv', 'igbinary', 'intl', 'json', 'ldap', 'mbstring', 'mysqli',
    'openssl', 'pcntl', 'pdo_mysql', 'pdo_pgsql', 'pgsql', 'posix', 'redis', 'simplexml', 'soap', 'sodium', 'tokenizer', 'xml',
    'xmlreader', 'zend opcache', 'zip', 'zlib', 'zstd'];
$missing = array_filter($needed, fn(string $name) => !extension_loaded($name));
if ($missing) {
    fwrite(STDERR, 'PHP lacks ' . implode(', ', $missing) . "\n");
    exit(1);
}
