<?php
/** Ends when the database has the version of this code. */
namespace platform;

require __DIR__ . '/../settings/load.php';
require __DIR__ . '/database.php';
require __DIR__ . '/code.php';

$code = Code::read();
$said = '';
while (true) {
    // Anew each time: passwords change.
    $cfg = load_settings((string) getenv('MOODLE_SOURCE_DIR'));
    // Before the database: what is older than the database's answer cannot be of an upgrade after it.
    $serving = site_code_version($cfg);
    try {
        $database = connect($cfg);
        $settings = count_tables($database, $cfg) > 0 ? core_settings($database, $cfg, ['release', 'allversionshash']) : [];
        $state = ($settings['allversionshash'] ?? '') === $code->hash
            ? ''
            : 'the database has ' . ($settings['release'] ?? 'no version') . ", this code is $code->release";
    } catch (\PDOException $fault) {
        $state = "the database does not answer: {$fault->getMessage()}";
    }
    if ($state === '') {
        if ($serving !== $code->hash) {
            // A backup of an older site, which no installation had anything to do for.
            set_site_code_version($cfg, $code->hash);
        }
        echo "moodle: the database is at $code->release\n";
        exit(0);
    }
    if ($state !== $said) {
        echo "moodle: waiting: $state\n";
        $said = $state;
    }
    sleep(3);
}
