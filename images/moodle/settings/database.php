<?php
namespace platform;

require_once __DIR__ . '/cached-tables.php';

/**
 * The writer and its read replicas: https://docs.moodle.org/405/en/Database_settings
 *
 * @param string $root folder of Moodle's code, where config.php is
 */
function database_settings(Environment $env, \stdClass $cfg, string $root): void {
    $cfg->dbtype = $env->one_of('MOODLE_DATABASE_TYPE', ['pgsql', 'mysqli', 'mariadb', 'auroramysql']);
    $cfg->dblibrary = 'native';
    $cfg->dbhost = $env->required('MOODLE_DATABASE_HOST');
    $cfg->dbname = $env->required('MOODLE_DATABASE_NAME');
    $cfg->dbuser = $env->secret('database/username');
    $cfg->dbpass = $env->secret('database/password');
    $cfg->prefix = 'mdl_';
    $cfg->dboptions = [
        // A worker of PHP-FPM keeps its connection from one request to the next: TLS, the password's check, and what a new
        // session of the server has to learn cost more than many a request. README.md has figures.
        'dbpersist' => PHP_SAPI === 'fpm-fcgi',
        'dbport' => $env->integer('MOODLE_DATABASE_PORT', 1, 65535),
        'connecttimeout' => 5,
    ];
    $postgres = $cfg->dbtype === 'pgsql';
    if (!$postgres) {
        $cfg->dboptions['dbcollation'] = 'utf8mb4_unicode_ci';
    }

    if (!$env->is('MOODLE_DATABASE_TLS', 'disable')) {
        $cfg->dboptions['ssl'] = 'verify-full';
        // Moodle hands no authority's file to the drivers: libpq reads the first variable, OpenSSL, which MySQL's driver
        // asks, the second, beside the system's own authorities.
        $authorities = $env->required('MOODLE_DATABASE_CA_FILE');
        putenv("PGSSLROOTCERT=$authorities");
        putenv("SSL_CERT_FILE=$authorities");
    } else if ($postgres) {
        $cfg->dboptions['ssl'] = 'disable';
    }

    if ($env->has('MOODLE_DATABASE_FETCH_BUFFER')) {
        $cfg->dboptions['fetchbuffersize'] = $env->integer('MOODLE_DATABASE_FETCH_BUFFER', 0, 10_000_000);
        if ($cfg->dboptions['fetchbuffersize'] === 0) {
            // Behind a transaction pooler no session of the server belongs to a request, nor do its advisory locks; and the
            // pooler keeps connections itself.
            $cfg->dboptions['dbpersist'] = false;
            $cfg->lock_factory = '\core\lock\db_record_lock_factory';
        }
    }

    $readers = $env->words('MOODLE_DATABASE_READERS');
    if ($readers) {
        $own = $env->has_secret('database-reader/username');
        $cfg->dboptions['readonly'] = [
            'instance' => array_map(fn(string $host) => [
                'dbhost' => $host,
                'dbport' => $cfg->dboptions['dbport'],
                'dbuser' => $own ? $env->secret('database-reader/username') : $cfg->dbuser,
                'dbpass' => $own ? $env->secret('database-reader/password') : $cfg->dbpass,
            ], $readers),
            // A replica that does not answer costs a request no more than this before the writer is asked.
            'connecttimeout' => 2,
            // Seconds that a written table is read from the writer, by the request that has written it. Others know nothing of
            // it, and must not keep for all what a replica does not have yet.
            'latency' => 1,
            'exclude_tables' => cached_tables(is_dir("$root/public") ? "$root/public" : $root),
        ];
    }
}

/**
 * Ends a worker with the request that ran out of memory or time. Its kept connection has what the request had begun there, as
 * the temporary tables of a backup, with which the worker's next backup would fail.
 */
function end_spoilt_worker(): void {
    // There may be none left for what follows.
    ini_set('memory_limit', '-1');
    if ((error_get_last()['type'] ?? 0) === E_ERROR) {
        // SIGQUIT: PHP-FPM's children end when they have answered.
        posix_kill(posix_getpid(), 3);
    }
}
