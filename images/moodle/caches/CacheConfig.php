<?php
namespace platform;

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
            'session' => ['name' => 'session', 'plugin' => 'session', 'default' => true],
            'request' => ['name' => 'request', 'plugin' => 'static', 'default' => true],
        ];
        foreach ($caches['stores'] as $name => [$plugin, $configuration]) {
            $stores[$name] = ['name' => $name, 'plugin' => $plugin, 'configuration' => $configuration];
        }
        foreach ($stores as &$store) {
            require_once "$CFG->dirroot/cache/stores/{$store['plugin']}/lib.php";
            $class = "cachestore_{$store['plugin']}";
            $store += ['features' => $class::get_supported_features(), 'modes' => $class::get_supported_modes(), 'mappingsonly' => false];
        }
        $mappings = [];
        foreach ($definitions as $id => $definition) {
            if ($definition['mode'] !== \core_cache\store::MODE_APPLICATION) {
                continue;
            }
            $local = !empty($definition['canuselocalstore']) ? $caches['local'] : null;
            foreach (array_reverse($caches['exceptions'][$id] ?? $local ?? []) as $sort => $store) {
                $mappings[] = ['definition' => $id, 'store' => $store, 'sort' => $sort];
            }
        }
        return [
            'siteidentifier' => $caches['siteidentifier'],
            'stores' => $stores,
            'definitions' => $definitions,
            'definitionmappings' => $mappings,
            'modemappings' => [
                ['mode' => \core_cache\store::MODE_APPLICATION, 'store' => $caches['rest'][0], 'sort' => -1],
                ['mode' => \core_cache\store::MODE_SESSION, 'store' => 'session', 'sort' => -1],
                ['mode' => \core_cache\store::MODE_REQUEST, 'store' => 'request', 'sort' => -1],
            ],
            'locks' => [['name' => 'cachelock_file_default', 'type' => 'cachelock_file', 'dir' => 'filelocks', 'default' => true]],
        ];
    }
}
