<?php
namespace platform;

require_once __DIR__ . '/environment.php';
require_once __DIR__ . '/code-version.php';
require_once dirname(__DIR__) . '/files/GrantedFiles.php';
foreach (['site', 'database', 'sessions', 'caches', 'files', 'mail', 'tasks', 'ai'] as $part) {
    require_once __DIR__ . "/$part.php";
}

/**
 * Moodle's $CFG from the environment and the mounted secrets.
 *
 * @param string $root folder of Moodle's code, where config.php is
 */
function load_settings(string $root): \stdClass {
    return or_end(fn() => settings(Environment::of_process(), $root));
}

function settings(Environment $env, string $root): \stdClass {
    $cfg = (object) ['forced_plugin_settings' => []];
    site_settings($env, $cfg, $root);
    database_settings($env, $cfg, $root);
    session_settings($env, $cfg);
    cache_settings($env, $cfg);
    file_settings($env, $cfg);
    mail_settings($env, $cfg);
    task_settings($env, $cfg);
    ai_settings($env, $cfg);
    return $cfg;
}
