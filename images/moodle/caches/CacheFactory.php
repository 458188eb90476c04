<?php
namespace platform;

/** Moodle's factory of caches, with a configuration that nobody can write, and connections to Redis that are kept. */
final class CacheFactory extends \core_cache\factory {
    /** Stores, by name, that are not Moodle's own. */
    private const STORES = ['redis' => RedisStore::class, 'arrays' => CacheArrays::class];

    public function create_config_instance($writer = false) {
        $class = $writer ? CacheConfigWriter::class : CacheConfig::class;
        if (!isset($this->configs[$class])) {
            $this->configs[$class] = new $class();
            $this->configs[$class]->load();
        }
        $this->set_state(self::STATE_READY);
        return $this->configs[$class];
    }

    public function create_store_from_config($name, array $details, \core_cache\definition $definition) {
        $details['class'] = self::STORES[$name] ?? $details['class'];
        return parent::create_store_from_config($name, $details, $definition);
    }

    public static function get_disabled_writer(): \core_cache\config_writer {
        return new CacheConfigWriter();
    }
}
