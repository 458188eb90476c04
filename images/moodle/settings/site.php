<?php
namespace platform;

/** Address, folders, and what keeps administrators from changing by click what belongs to the image. */
function site_settings(Environment $env, \stdClass $cfg, string $root): void {
    $cfg->wwwroot = $env->required('MOODLE_WWWROOT');
    $behindtls = !$env->is('MOODLE_REVERSE_PROXY_TLS', 'disable');
    $scheme = $behindtls ? 'https' : 'http';
    if (!preg_match("~^$scheme://[^/\s]+(/[^\s]*[^/\s])?$~", $cfg->wwwroot)) {
        throw new InvalidEnvironment("MOODLE_WWWROOT is \"$cfg->wwwroot\": set it to $scheme://<domain>, without a slash at its end");
    }
    // TLS ends at the load balancer. The Host that nginx sees is the visitors' own, so reverseproxy stays off.
    $cfg->sslproxy = $behindtls;
    $cfg->cookiesecure = $behindtls;
    // nginx has already put the visitor's address, from trusted proxies alone, in REMOTE_ADDR: skip both headers
    // (GETREMOTEADDR_SKIP_HTTP_CLIENT_IP and GETREMOTEADDR_SKIP_HTTP_X_FORWARDED_FOR).
    $cfg->getremoteaddrconf = 3;
    // Compulsory from 5.1 on; before, a path that is no file is 404 without PHP.
    $cfg->routerconfigured = is_dir("$root/public");

    // Shared by all pods: dataroot, and in it temp, backup's temp, cache, language packs, climaintenance.html, and the
    // keys that encrypt settings (secretdataroot), which every pod must have alike and a backup must hold.
    $cfg->dataroot = $env->optional('MOODLE_DATA_DIR') ?? '/var/moodle/data';
    $cfg->directorypermissions = 02770;
    // Of this pod alone.
    $local = $env->optional('MOODLE_LOCAL_DIR') ?? '/var/moodle/local';
    $cfg->localcachedir = "$local/cache";
    $cfg->localrequestdir = "$local/request";
    $cfg->alternative_component_cache = "$local/core_component.php";
    $cfg->platform_code_version = "$local/code_version.php";
    $cfg->admin = 'admin';

    // The code is the image's.
    $cfg->disableupdateautodeploy = true;
    $cfg->disableupdatenotifications = true;
    $cfg->uninstallclionly = true;
    $cfg->preventexecpath = true;
    $cfg->pathtogs = '/usr/bin/gs';
    $cfg->pathtodu = '/usr/bin/du';
    // A new key at each request, which nobody can enter: the install job alone upgrades.
    $cfg->upgradekey = bin2hex(random_bytes(16));

    if ($env->has('MOODLE_CLAMAV_HOST')) {
        $cfg->antiviruses = 'clamav';
        $cfg->forced_plugin_settings['antivirus_clamav'] = [
            'runningmethod' => 'tcpsocket',
            'tcpsockethost' => $env->required('MOODLE_CLAMAV_HOST'),
            'tcpsocketport' => $env->integer('MOODLE_CLAMAV_PORT', 1, 65535),
            // While the scanner is away, an upload is refused and its file is not called infected.
            'clamfailureonupload' => 'tryagain',
            'tries' => 2,
        ];
    }
}
