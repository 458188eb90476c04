<?php
namespace platform;

/** What Moodle's AI subsystem and its analytics ask, and what Moodle may reach for it. */
function ai_settings(Environment $env, \stdClass $cfg): void {
    if ($env->has('MOODLE_BLOCKED_HOSTS')) {
        // Moodle's own list, but for where the servers below are: other private addresses stay out of reach of what users enter.
        $cfg->curlsecurityblockedhosts = implode("\n", $env->words('MOODLE_BLOCKED_HOSTS'));
    }
    if ($env->has('MOODLE_AI_ENDPOINT')) {
        ai_provider($env, $cfg);
    }
    if ($env->has('MOODLE_ANALYTICS_HOST')) {
        analytics_server($env, $cfg);
    }
}

/**
 * The provider for servers that speak as OpenAI's do, pointed at a model. This is how Moodle 4.5 keeps its settings; from
 * 5.0 on, providers are rows of a table, which no configuration reaches.
 */
function ai_provider(Environment $env, \stdClass $cfg): void {
    $endpoint = $env->required('MOODLE_AI_ENDPOINT');
    if (!preg_match('~^https?://[^/\s]+(/[^\s]*[^/\s])?$~', $endpoint)) {
        throw new InvalidEnvironment("MOODLE_AI_ENDPOINT is \"$endpoint\": set it to a server's address and path, without a slash at its end");
    }
    $port = (int) (parse_url($endpoint, PHP_URL_PORT) ?? 443);
    if (!in_array($port, [443, 80], true)) {
        $cfg->curlsecurityallowedport = "443\n80\n$port";
    }
    $settings = [
        'enabled' => 1,
        // A provider without a key counts as not configured. A server that asks for none ignores it.
        'apikey' => $env->has_secret('ai/apiKey') ? $env->secret('ai/apiKey') : 'none',
        'orgid' => '',
        'generate_text' => 1,
        'summarise_text' => 1,
        'generate_image' => 0,
        'enableuserratelimit' => (int) $env->has('MOODLE_AI_REQUESTS_PER_USER'),
        'enableglobalratelimit' => (int) $env->has('MOODLE_AI_REQUESTS'),
    ];
    foreach (['generate_text', 'summarise_text'] as $action) {
        $settings["action_{$action}_endpoint"] = "$endpoint/chat/completions";
        $settings["action_{$action}_model"] = $env->required('MOODLE_AI_MODEL');
    }
    // An hour.
    foreach (['userratelimit' => 'MOODLE_AI_REQUESTS_PER_USER', 'globalratelimit' => 'MOODLE_AI_REQUESTS'] as $setting => $name) {
        if ($env->has($name)) {
            $settings[$setting] = $env->integer($name, 1, 1000000);
        }
    }
    $cfg->forced_plugin_settings['aiprovider_openai'] = $settings;
    $cfg->forced_plugin_settings['aiplacement_editor'] = ['enabled' => 1];
    $cfg->forced_plugin_settings['aiplacement_courseassist'] = ['enabled' => 1];
}

/** A server of moodlemlbackend, which trains and asks the models of Moodle's analytics. */
function analytics_server(Environment $env, \stdClass $cfg): void {
    $cfg->forced_plugin_settings['mlbackend_python'] = [
        'useserver' => 1,
        'host' => $env->required('MOODLE_ANALYTICS_HOST'),
        'port' => $env->integer('MOODLE_ANALYTICS_PORT', 1, 65535),
        'secure' => (int) $env->is('MOODLE_ANALYTICS_TLS', 'enable'),
        'username' => $env->secret('analytics/username'),
        'password' => $env->secret('analytics/password'),
    ];
    $cfg->forced_plugin_settings['analytics'] = ['predictionsprocessor' => '\mlbackend_python\processor'];
}
