<?php
/** Prints what Moodle's code says of itself, as JSON. Needs neither configuration nor database. */
namespace platform;

define('CLI_SCRIPT', true);
define('ABORT_AFTER_CONFIG', true);
define('CACHE_DISABLE_ALL', true);
define('IGNORE_COMPONENT_CACHE', true);

$source = getenv('MOODLE_SOURCE_DIR') ?: '/var/www/moodle';
if (is_dir("$source/public")) {
    $source .= '/public';
}
if (!is_readable("$source/lib/setup.php")) {
    fwrite(STDERR, "moodle: there is no Moodle in $source: set MOODLE_SOURCE_DIR to the folder of its code\n");
    exit(78);
}
$CFG = (object) ['wwwroot' => 'https://localhost', 'dataroot' => sys_get_temp_dir()];
require "$source/lib/setup.php";
require "$source/version.php";

echo json_encode([
    'version' => $version,
    'release' => $release,
    'hash' => \core_component::get_all_versions_hash(),
    'plugins' => array_diff_key(\core_component::get_all_versions(), ['core' => 0]),
]), "\n";
