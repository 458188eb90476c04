<?php
namespace platform;

/*
 * Which code the site is at. Pods of the older code are still there for seconds after an upgrade, and would answer with their
 * scripts under the new revision, which browsers keep for months. The code's version is Moodle's own `allversionshash`, of
 * core and all plugins: two images that differ without it serve side by side, and must share their caches.
 */

/** Seconds for which a pod does not look again. */
const CODE_VERSION_SECONDS = 1;

/** Version of this code, as `moodle` has written it at its start; empty where nothing has been prepared. */
function own_code_version(\stdClass $cfg): string {
    return is_file($cfg->platform_code_version) ? require $cfg->platform_code_version : '';
}

/** Version of the code that may serve; empty where nobody has said so yet. */
function site_code_version(\stdClass $cfg): string {
    return (string) @file_get_contents("$cfg->dataroot/code-version");
}

/** Returns when no pod of another code serves any more. */
function set_site_code_version(\stdClass $cfg, string $version): void {
    $before = site_code_version($cfg);
    if ($before === $version) {
        return;
    }
    $file = "$cfg->dataroot/code-version";
    // Pods write at the same time, and their processes have the same numbers.
    $new = "$file." . bin2hex(random_bytes(8));
    if (file_put_contents($new, $version) !== strlen($version) || !rename($new, $file)) {
        throw new \RuntimeException("$file cannot be written");
    }
    if ($before !== '') {
        // APCu counts whole seconds.
        sleep(CODE_VERSION_SECONDS + 2);
    }
}

/** Ends a request of the web with the page of maintenance mode where the site is at another code. */
function refuse_other_code(\stdClass $cfg): void {
    $version = apcu_fetch('code-version', $is_known);
    if (!$is_known) {
        $version = site_code_version($cfg);
        apcu_store('code-version', $version, CODE_VERSION_SECONDS);
    }
    if ($version === '' || $version === own_code_version($cfg)) {
        return;
    }
    // As Moodle in maintenance mode.
    http_response_code(503);
    header('Retry-After: 60');
    header('Content-Type: text/html; charset=utf-8');
    header('Cache-Control: no-store');
    echo maintenance_page($cfg);
    exit;
}

/** The site's own words for maintenance, or ours. */
function maintenance_page(\stdClass $cfg): string {
    $template = "$cfg->dataroot/climaintenance.template.html";
    return (string) file_get_contents(is_readable($template) ? $template : dirname(__DIR__) . '/web/maintenance.html');
}
