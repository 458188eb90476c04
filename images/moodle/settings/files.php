<?php
namespace platform;

/** How files leave: by nginx, or, with an object store, from there, through tool_objectfs. */
function file_settings(Environment $env, \stdClass $cfg): void {
    // nginx sees the shared folder, but nothing of this pod's own.
    $cfg->xsendfile = 'X-Accel-Redirect';
    $cfg->xsendfilealiases = ['/dataroot/' => $cfg->dataroot];

    if (!$env->has('MOODLE_OBJECT_STORE')) {
        return;
    }
    // Google's store has an S3 interface, so both are one class; only the address tells them apart.
    $google = $env->one_of('MOODLE_OBJECT_STORE', ['s3', 'gcs']) === 'gcs';
    $cfg->alternative_file_system_class = '\\' . ObjectFileSystem::class;
    spl_autoload_register(function (string $class): void {
        if ($class === ObjectFileSystem::class) {
            require dirname(__DIR__) . '/files/ObjectFileSystem.php';
        }
    });
    $keys = $env->has_secret('object-store/accessKeyId');
    $cfg->forced_plugin_settings['tool_objectfs'] = [
        // By this name the plugin finds its client.
        'filesystem' => '\tool_objectfs\s3_file_system',
        's3_bucket' => $env->required('MOODLE_OBJECT_STORE_BUCKET'),
        's3_region' => $env->required('MOODLE_OBJECT_STORE_REGION'),
        's3_base_url' => $google ? $env->required('MOODLE_OBJECT_STORE_ENDPOINT') : $env->optional('MOODLE_OBJECT_STORE_ENDPOINT') ?? '',
        'key_prefix' => $env->optional('MOODLE_OBJECT_STORE_KEY_PREFIX') ?? '',
        // Without keys the SDK asks the cloud's identity.
        's3_usesdkcreds' => $keys ? 0 : 1,
        's3_key' => $keys ? $env->secret('object-store/accessKeyId') : '',
        's3_secret' => $keys ? $env->secret('object-store/secretAccessKey') : '',

        // Cron moves every file, of any size and age, and then removes the local one: the shared folder stays small.
        'enabletasks' => 1,
        'maxtaskruntime' => 300,
        'batchsize' => 10000,
        'sizethreshold' => 0,
        'minimumage' => 0,
        'deletelocal' => 1,
        'consistencydelay' => 600,
        'preferexternal' => 0,
        // Moodle never deletes in the bucket: a backup of the database needs the files that it names.
        'deleteexternal' => 0,
        'maxorphanedage' => 0,

        // From 1 MiB on a browser fetches from the store itself, where it can reach it. Only what it downloads or plays: a
        // page of a SCORM package, for one, must come from Moodle's own address.
        'enablepresignedurls' => $env->is('MOODLE_OBJECT_STORE_REDIRECT', 'disable') ? 0 : 1,
        'signingmethod' => 's3',
        'presignedminfilesize' => 1048576,
        'signingwhitelist' => 'archive,audio,document,presentation,spreadsheet,video',
        'expirationtime' => 7200,
        // The plugin's own proxy for ranges does not verify the store's certificate.
        'proxyrangerequests' => 0,
        'useproxy' => 0,
        'enablelogging' => 0,
    ];
}
