<?php
/**
 * Writes what Moodle would find out anew, or keep on the shared folder: the list of its components
 * ($CFG->alternative_component_cache), its caches' definitions and its version. All follow from the code alone.
 */
namespace platform;

define('CLI_SCRIPT', true);
define('ABORT_AFTER_CONFIG', true);
define('CACHE_DISABLE_ALL', true);
define('IGNORE_COMPONENT_CACHE', true);
require getenv('MOODLE_SOURCE_DIR') . '/config.php';
error_reporting(E_ALL);

$write = function (string $file, string $content): void {
    // Another process of this pod may be reading it, or writing it too.
    $new = "$file." . getmypid();
    if (file_put_contents($new, $content) !== strlen($content) || !rename($new, $file)) {
        fwrite(STDERR, "moodle: $file cannot be written\n");
        exit(1);
    }
};
$arrays = $CFG->platform_caches['stores']['arrays'][1]['folder'];
foreach ([$CFG->localcachedir, $CFG->localrequestdir, $arrays] as $folder) {
    is_dir($folder) || mkdir($folder, 0770, true);
}
$write($CFG->alternative_component_cache, \core_component::get_cache_content());
$write($CFG->platform_code_version, '<?php return ' . var_export(\core_component::get_all_versions_hash(), true) . ";\n");
// Definitions are PHP that uses constants and functions of these.
require_once "$CFG->libdir/setuplib.php";
require_once "$CFG->libdir/moodlelib.php";
$definitions = var_export(CacheConfigWriter::definitions(), true);
$write($CFG->platform_caches['definitions'], "<?php return $definitions;\n");
