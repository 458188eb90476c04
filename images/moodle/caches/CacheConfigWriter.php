<?php
namespace platform;

/** Moodle asks for a writer to upgrade and to purge. This one keeps nothing, and tells administrators so. */
final class CacheConfigWriter extends \core_cache\config_writer {
    public static function config_file_exists() {
        return true;
    }

    protected function include_configuration() {
        return CacheConfig::configuration();
    }

    protected function config_save() {
    }

    public static function definitions(): array {
        return self::locate_definitions();
    }

    public function add_store_instance($name, $plugin, array $configuration = []) {
        self::refuse();
    }

    public function edit_store_instance($name, $plugin, $configuration) {
        self::refuse();
    }

    public function delete_store_instance($name) {
        self::refuse();
    }

    public function set_mode_mappings(array $modemappings) {
        self::refuse();
    }

    public function set_definition_mappings($definition, $mappings) {
        self::refuse();
    }

    public function set_definition_sharing($definition, $sharingoption, $userinputsharingkey = null) {
        self::refuse();
    }

    private static function refuse(): never {
        $why = "caches follow from the site's configuration, and cannot be changed here";
        throw new \moodle_exception('generalexceptionmessage', 'error', '', $why);
    }
}
