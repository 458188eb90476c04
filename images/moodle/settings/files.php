<?php
namespace platform;

/** How files leave: by nginx, and with an object store through tool_objectfs. */
function file_settings(Environment $env, \stdClass $cfg, string $root): void {
    // nginx sees the shared folder, but nothing of this pod's own.
    $cfg->xsendfile = 'X-Accel-Redirect';
    $cfg->xsendfilealiases = ['/dataroot/' => $cfg->dataroot];

    if (!$env->has('MOODLE_OBJECT_STORE')) {
        return;
    }
    $kind = $env->one_of('MOODLE_OBJECT_STORE', ['s3', 'gcs']);
    $class = '\tool_objectfs\s3_file_system';
    $cfg->alternative_file_system_class = $class;
    $keys = $env->has_secret('object-store/accessKeyId');
    $cfg->forced_plugin_settings['tool_objectfs'] = [
        'filesystem' => $class,
        'enabletasks' => 1,
    ];
}
