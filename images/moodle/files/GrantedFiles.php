<?php
namespace platform;

/**
 * Files that Moodle has just let a visitor have. A browser reads a video or a document in many ranges, each of which would
 * cost Moodle its whole start and wait for the session. For some seconds nginx hands the same file over to the same session
 * at the same address without asking again: only where Moodle lets that visitor's browser keep the file for longer.
 */
final class GrantedFiles {
    /** Seconds for which Moodle's answer is repeated. */
    private const SECONDS = 30;
    /** Bytes of a file that is worth it: smaller ones come whole, and once. */
    private const LARGE = 1048576;

    /** Ends the request where the answer is known, and notes it where Moodle gives one. */
    public static function answer(string $dataroot): void {
        $key = self::key($_SERVER, $_COOKIE);
        if ($key === null) {
            return;
        }
        $answer = apcu_fetch($key);
        // Cron may have moved the file to the object store since.
        if (is_array($answer) && is_file($dataroot . $answer['path'])) {
            array_map(header(...), $answer['headers']);
            exit;
        }
        register_shutdown_function(function () use ($key, $dataroot): void {
            $path = self::granted(headers_list());
            if ($path !== null && http_response_code() === 200 && filesize($dataroot . $path) >= self::LARGE) {
                apcu_store($key, ['path' => $path, 'headers' => headers_list()], self::SECONDS);
            }
        });
    }

    /** Of requests that are alike to Moodle; null for one that is for no file, or of no session. */
    private static function key(array $server, array $cookies): ?string {
        $is_file = ($server['SCRIPT_NAME'] ?? '') === '/pluginfile.php' && $server['REQUEST_METHOD'] === 'GET';
        $session = array_filter($cookies, fn($name) => str_starts_with($name, 'MoodleSession'), ARRAY_FILTER_USE_KEY);
        if (!$is_file || $session === []) {
            return null;
        }
        $request = [$session, $server['REMOTE_ADDR'], $server['HTTP_HOST'], $server['REQUEST_URI']];
        return 'granted:' . hash('sha256', serialize($request));
    }

    /** Path below the shared folder of a file that headers hand over, and that a browser may keep; otherwise null. */
    private static function granted(array $headers): ?string {
        $said = implode("\n", $headers);
        $is_kept = preg_match('/^Cache-Control:.*\bmax-age=(\d+)/mi', $said, $age) && (int) $age[1] >= self::SECONDS;
        if (!$is_kept || preg_match('/^Set-Cookie:/mi', $said) || !preg_match('/^X-Accel-Redirect: *(\S+)/mi', $said, $file)) {
            return null;
        }
        $path = rawurldecode($file[1]);
        return str_starts_with($path, '/dataroot/') ? substr($path, strlen('/dataroot')) : null;
    }
}
