<?php
/**
 * GET /health: 200 where the site can serve, 503 otherwise, with one word that says why. It runs in a pool of its own and
 * asks the database one question; neither Moodle's code nor a session is loaded.
 */
namespace platform;

require __DIR__ . '/../settings/load.php';
require __DIR__ . '/database.php';

/** @return array{int, string} status and reason */
function health(\stdClass $cfg, string $hash): array {
    if (file_exists("$cfg->dataroot/climaintenance.html")) {
        return [200, 'maintenance'];
    }
    if (!in_array(site_code_version($cfg), ['', $hash], true)) {
        return [503, 'version'];
    }
    try {
        $settings = core_settings(connect($cfg), $cfg, ['allversionshash']);
    } catch (\PDOException $fault) {
        error_log("moodle: health: the database does not answer: {$fault->getMessage()}");
        return [503, 'database'];
    }
    return ($settings['allversionshash'] ?? '') === $hash ? [200, 'ok'] : [503, 'version'];
}

$code = json_decode((string) file_get_contents(getenv('MOODLE_RUN_DIR') . '/version.json'));
[$status, $reason] = health(load_settings((string) getenv('MOODLE_SOURCE_DIR')), $code->hash);
http_response_code($status);
header('Content-Type: text/plain');
header('Cache-Control: no-store');
echo "$reason\n";
