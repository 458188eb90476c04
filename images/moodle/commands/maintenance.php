<?php
namespace platform;

const MAINTENANCE_MARK = '<!-- moodle install -->';

/**
 * Moodle answers every request with this file while it is there. One that an administrator has put there stays as it is,
 * and stays afterwards.
 */
function begin_maintenance(\stdClass $cfg): void {
    $file = "$cfg->dataroot/climaintenance.html";
    if (file_exists($file)) {
        return;
    }
    say('maintenance mode until the upgrade has ended');
    file_put_contents("$file.new", maintenance_page($cfg) . MAINTENANCE_MARK . "\n");
    rename("$file.new", $file);
}

function end_maintenance(\stdClass $cfg): void {
    $file = "$cfg->dataroot/climaintenance.html";
    if (file_exists($file) && str_contains((string) file_get_contents($file), MAINTENANCE_MARK)) {
        unlink($file);
        say('maintenance mode is over');
    }
}

/** Lets cron processes of the older code end the task they are in, two minutes at most; new ones do not start. */
function stop_cron(\PDO $database, \stdClass $cfg): void {
    // What Moodle's own `cron.php --stop` does.
    $database->exec("DELETE FROM {$cfg->prefix}config WHERE name = 'scheduledtaskreset'");
    $database->prepare("INSERT INTO {$cfg->prefix}config (name, value) VALUES ('scheduledtaskreset', ?)")->execute([time() + 1]);
    $running = fn() => $database->query(
        "SELECT (SELECT COUNT(*) FROM {$cfg->prefix}task_scheduled WHERE timestarted IS NOT NULL)
              + (SELECT COUNT(*) FROM {$cfg->prefix}task_adhoc WHERE timestarted IS NOT NULL)"
    )->fetchColumn();
    $until = time() + 120;
    while ($tasks = $running()) {
        if (time() >= $until) {
            say("$tasks tasks have not ended, or were killed before: going on");
            return;
        }
        sleep(2);
    }
}
