<?php
namespace platform;

/**
 * Waits for the lock of installation in the database. The server gives it back when the connection that is returned ends,
 * and so with the process.
 */
function lock_installation(\stdClass $cfg): \PDO {
    $database = connect($cfg);
    if ($cfg->dbtype === 'pgsql') {
        // A lock of a transaction, which a pooler leaves alone. This one stays open and idle until the process ends.
        $database->exec('SET idle_in_transaction_session_timeout = 0');
        $database->beginTransaction();
        $attempt = fn() => $database->query("SELECT pg_try_advisory_xact_lock(hashtext('moodle install'))::int")->fetchColumn();
    } else {
        $database->exec('SET SESSION wait_timeout = 86400');
        $name = $database->quote('moodle install ' . md5($cfg->dbname));
        $attempt = fn() => $database->query("SELECT GET_LOCK($name, 0)")->fetchColumn();
    }
    for ($said = false; !$attempt(); sleep(2)) {
        if (!$said) {
            say('waiting: another installation or upgrade holds the lock in the database');
            $said = true;
        }
    }
    return $database;
}
