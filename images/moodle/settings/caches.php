<?php
namespace platform;

/**
 * Moodle's caches (MUC) by configuration and not by clicks: https://docs.moodle.org/405/en/Caching
 *
 * Moodle keeps this in a file that it writes itself. Its factory of caches is replaced by one that takes it from here,
 * see README.md for why.
 */
function cache_settings(Environment $env, \stdClass $cfg): void {
    spl_autoload_register(function (string $class): void {
        if (str_starts_with($class, 'platform\Cache')) {
            require dirname(__DIR__) . '/caches/' . substr($class, strlen('platform\\')) . '.php';
        }
    });
    $cfg->alternative_cache_factory_class = CacheFactory::class;

    $prefix = $env->required('MOODLE_REDIS_PREFIX');
    $redis = [
        'server' => $env->required('MOODLE_REDIS_CACHE_HOST') . ':' . $env->integer('MOODLE_REDIS_CACHE_PORT', 1, 65535),
        'password' => $env->has_secret('redis-cache/password') ? $env->secret('redis-cache/password') : '',
        // Code of two versions keeps unlike things by the same keys. What the older one leaves is evicted.
        'prefix' => "{$prefix}cache:" . substr(own_code_version($cfg), 0, 12) . ':',
        'serializer' => extension_loaded('igbinary') ? \Redis::SERIALIZER_IGBINARY : \Redis::SERIALIZER_PHP,
        'compressor' => extension_loaded('zstd') ? 2 : 0,
        // A cache that is away must not hold a request up: Moodle then works without.
        'connectiontimeout' => 1,
    ];
    if (!$env->is('MOODLE_REDIS_TLS', 'disable')) {
        $redis += ['encryption' => true, 'cafile' => $env->required('MOODLE_REDIS_CACHE_CA_FILE')];
    }
    $local = $env->optional('MOODLE_LOCAL_DIR') ?? '/var/moodle/local';
    $cfg->platform_caches = [
        // What `moodle` has written at its start: every cache that the code has.
        'definitions' => "$local/cache_definitions.php",
        'stores' => [
            'redis' => ['redis', $redis],
            'memory' => ['apcu', ['prefix' => $prefix]],
            'arrays' => ['apcu', ['prefix' => $prefix, 'folder' => "$local/arrays"]],
            'disk' => ['file', ['path' => "$local/muc", 'autocreate' => 1]],
        ],
        // Of the caches that may be local, a fast store before the shared one: their keys have a version.
        'local' => ['memory', 'redis'],
        'exceptions' => [
            // What is large stays out of APCu, which empties itself when it is full.
            'core/coursemodinfo' => ['disk', 'redis'],
            'core/htmlpurifier' => ['disk'],
            // The largest of what each page reads.
            'core/string' => ['arrays', 'redis'],
            // Its keys have no version: other pods would not hear that an entry is gone.
            'core/h5p_libraries' => ['redis'],
        ] + array_fill_keys([
            // What follows from the code and its schema, neither of which changes while a pod lives, and is a third of what a
            // page would ask Redis for. APCu is off on the command line, which has the disk.
            'core/capabilities',
            'core/databasemeta',
            'core/fontawesomeiconmapping',
            'core/hookcallbacks',
            'core/observers',
            'core/yuimodules',
        ], ['arrays', 'disk']),
        'rest' => 'redis',
        // Part of every key. The prefix keeps sites apart.
        'siteidentifier' => md5($prefix),
    ];
}
