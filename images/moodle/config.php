<?php
/**
 * Moodle's config.php, placed beside Moodle's code: every setting comes from the environment and from mounted secrets.
 * What is read, and what becomes of it: settings/ and README.md.
 */

unset($CFG);
global $CFG;
require_once (getenv('MOODLE_LIB_DIR') ?: '/usr/local/lib/moodle') . '/settings/load.php';
$CFG = platform\load_settings(__DIR__);
if (PHP_SAPI === 'fpm-fcgi') {
    register_shutdown_function('platform\end_spoilt_worker');
    platform\refuse_other_code($CFG);
} else {
    // Pages alone read from replicas: a task that one worker has just ended would still wait there for another.
    unset($CFG->dboptions['readonly']);
}
platform\GrantedFiles::answer($CFG->dataroot);

// From Moodle 5.1 on, what the web server serves is in public/.
require_once __DIR__ . (is_dir(__DIR__ . '/public') ? '/public' : '') . '/lib/setup.php';
