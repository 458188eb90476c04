<?php
/**
 * Brings the database to the version of this code: installs into an empty one, upgrades an older one, and does nothing
 * otherwise. Moodle's own scripts do the work in this very process, so that the lock goes with it, however it ends, and
 * so that the administrator's password is in no command line.
 *
 * Ends with 78 (EX_CONFIG) where trying again is no use.
 */
namespace platform;

require __DIR__ . '/../settings/load.php';
require __DIR__ . '/database.php';
require __DIR__ . '/code.php';
require __DIR__ . '/output.php';
require __DIR__ . '/lock.php';
require __DIR__ . '/maintenance.php';
require __DIR__ . '/installation.php';

$installation = or_end(fn() => Installation::plan(Environment::of_process(), (string) getenv('MOODLE_SOURCE_DIR')));
if ($installation === null) {
    exit(0);
}
register_shutdown_function($installation->end(...));
$_SERVER['argv'] = $argv = $installation->arguments;
$_SERVER['argc'] = $argc = count($argv);
require $installation->script;
