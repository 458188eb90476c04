<?php
namespace platform;

/** Sessions in Redis: https://docs.moodle.org/405/en/Session_handling#Redis_session_driver */
function session_settings(Environment $env, \stdClass $cfg): void {
    spl_autoload_register(function (string $class): void {
        if (str_starts_with($class, 'platform\Redis')) {
            require dirname(__DIR__) . '/redis/' . substr($class, strlen('platform\\')) . '.php';
        }
    });
    $cfg->session_handler_class = RedisSessions::class;
    $cfg->session_redis_host = $env->required('MOODLE_REDIS_SESSIONS_HOST');
    $cfg->session_redis_port = $env->integer('MOODLE_REDIS_SESSIONS_PORT', 1, 65535);
    if ($env->has_secret('redis-sessions/password')) {
        $cfg->session_redis_auth = $env->secret('redis-sessions/password');
    }
    if (!$env->is('MOODLE_REDIS_TLS', 'disable')) {
        $cfg->session_redis_encrypt = ['cafile' => $env->required('MOODLE_REDIS_SESSIONS_CA_FILE')];
    }
    $cfg->session_redis_prefix = $env->required('MOODLE_REDIS_PREFIX') . 'session:';
    $cfg->session_redis_serializer_use_igbinary = extension_loaded('igbinary');
    // Moodle compresses by this extension, and not by phpredis.
    $cfg->session_redis_compressor = extension_loaded('zstd') ? 'zstd' : 'none';
    // A request of one visitor that waits for another holds a PHP-FPM child: not for Moodle's two minutes.
    $cfg->session_redis_acquire_lock_timeout = 60;
    // PHP-FPM ends a request after so long, and with it the holder of the lock.
    $cfg->session_redis_lock_expire = $env->integer('MOODLE_REQUEST_TIMEOUT', 1, 86400);
    $cfg->session_redis_acquire_lock_retry = 100;
    $cfg->session_redis_max_retries = 3;
}
