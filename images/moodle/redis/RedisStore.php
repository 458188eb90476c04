<?php
namespace platform;

/** Moodle's store of caches in Redis, by a kept connection. */
final class RedisStore extends \cachestore_redis {
    protected function new_redis(array $configuration): \Redis|\RedisCluster|null {
        [$host, $port] = explode(':', $configuration['server']);
        $tls = empty($configuration['encryption']) ? [] : ['cafile' => $configuration['cafile']];
        try {
            $redis = RedisConnection::kept($host, (int) $port, $this->connectiontimeout, $configuration['password'], $tls);
        } catch (\RedisException $fault) {
            // Moodle then works without.
            debugging("the cache at {$configuration['server']} does not answer: {$fault->getMessage()}");
            return null;
        }
        // With a compressor the store serializes by itself.
        if ($this->compressor === self::COMPRESSOR_NONE) {
            $redis->setOption(\Redis::OPT_SERIALIZER, $this->serializer);
        }
        $redis->setOption(\Redis::OPT_PREFIX, $configuration['prefix']);
        $this->isready = true;
        return $redis;
    }
}
