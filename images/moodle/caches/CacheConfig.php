<?php
namespace platform;

use core_cache\store;

/** What CacheFactory's caches are: $CFG->platform_caches, in Moodle's words. */
final class CacheConfig extends \core_cache\config {
    public static function config_file_exists() {
        return true;
    }

    protected function include_configuration() {
        return self::configuration();
    }

    public static function configuration(): array {
        global $CFG;
        $caches = $CFG->platform_caches;
        $definitions = require $caches['definitions'];
        $stores = [
            'session' => self::store('session', 'session', [], true),
            'request' => self::store('request', 'static', [], true),
        ];
        foreach ($caches['stores'] as $name => [$plugin, $configuration]) {
            $stores[$name] = self::store($name, $plugin, $configuration, false);
        }
        return [
            'siteidentifier' => $caches['siteidentifier'],
            'stores' => $stores,
            'definitions' => $definitions,
            'definitionmappings' => self::mappings($caches, $definitions),
            'modemappings' => [
                ['mode' => store::MODE_APPLICATION, 'store' => $caches['rest'], 'sort' => -1],
                ['mode' => store::MODE_SESSION, 'store' => 'session', 'sort' => -1],
                ['mode' => store::MODE_REQUEST, 'store' => 'request', 'sort' => -1],
            ],
            'locks' => [['name' => 'cachelock_file_default', 'type' => 'cachelock_file', 'dir' => 'filelocks', 'default' => true]],
        ];
    }

    private static function store(string $name, string $plugin, array $configuration, bool $default): array {
        global $CFG;
        require_once "$CFG->dirroot/cache/stores/$plugin/lib.php";
        $class = "cachestore_$plugin";
        return [
            'name' => $name,
            'plugin' => $plugin,
            'configuration' => $configuration,
            'features' => $class::get_supported_features(),
            'modes' => $class::get_supported_modes(),
            'mappingsonly' => false,
            'default' => $default,
        ];
    }

    /** Which stores a cache has, where they are not the ones of its mode. The greater sort is asked first. */
    private static function mappings(array $caches, array $definitions): array {
        $mappings = [];
        foreach ($definitions as $id => $definition) {
            $local = $definition['mode'] === store::MODE_APPLICATION && !empty($definition['canuselocalstore']);
            $names = $caches['exceptions'][$id] ?? ($local ? $caches['local'] : []);
            foreach (array_reverse($names) as $sort => $name) {
                $mappings[] = ['definition' => $id, 'store' => $name, 'sort' => $sort];
            }
        }
        return $mappings;
    }
}
