<?php
namespace platform;

/** Moodle asks for a writer to upgrade and to purge. This one keeps nothing, and says so to administrators. */
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
}
