<?php
namespace platform;

require_once __DIR__ . '/../settings/environment.php';

/** What nginx.conf.php puts in. */
function nginx_settings(Environment $env): \stdClass {
    $path = function (string $name, string $default) use ($env): string {
        $value = $env->optional($name) ?? $default;
        // What nginx would read as more than one word, or as a variable.
        if (!preg_match('~^/[\w./+@-]*$~', $value)) {
            throw new InvalidEnvironment("$name is \"$value\": set it to an absolute path of letters, digits and ._+@-");
        }
        return $value;
    };
    $source = $path('MOODLE_SOURCE_DIR', '/var/www/moodle');
    $public = is_dir("$source/public");
    foreach ($env->words('MOODLE_TRUSTED_PROXIES') as $network) {
        [$address, $bits] = explode('/', $network, 2) + [1 => '0'];
        if (!filter_var($address, FILTER_VALIDATE_IP) || !ctype_digit($bits)) {
            throw new InvalidEnvironment("MOODLE_TRUSTED_PROXIES has \"$network\": set it to networks as 10.0.0.0/16");
        }
    }
    $address = $env->optional('MOODLE_LISTEN_ADDRESS') ?? '0.0.0.0';
    if (!filter_var($address, FILTER_VALIDATE_IP, FILTER_FLAG_IPV4)) {
        throw new InvalidEnvironment("MOODLE_LISTEN_ADDRESS is \"$address\": set it to an IPv4 address of this machine");
    }
    return (object) [
        'lib' => dirname(__DIR__),
        'run' => $path('MOODLE_RUN_DIR', '/run/moodle'),
        'data' => $path('MOODLE_DATA_DIR', '/var/moodle/data'),
        'tmp' => $path('TMPDIR', '/tmp'),
        'webroot' => $public ? "$source/public" : $source,
        // Compulsory from 5.1 on, the first version with public/.
        'router' => $public,
        'tls' => !$env->is('MOODLE_REVERSE_PROXY_TLS', 'disable'),
        'address' => $address,
        'port' => $env->integer('MOODLE_HTTP_PORT', 1, 65535),
        'internalport' => $env->integer('MOODLE_INTERNAL_PORT', 1, 65535),
        'timeout' => $env->integer('MOODLE_REQUEST_TIMEOUT', 1, 86400),
        'body' => $env->integer('MOODLE_MAX_POST_MB', 1, 1_000_000),
        'proxies' => $env->words('MOODLE_TRUSTED_PROXIES'),
    ];
}
