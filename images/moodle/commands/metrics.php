<?php
/** Serves what monitoring wants to know of the site, on MOODLE_METRICS_PORT: GET /metrics, in Prometheus' text format. */
namespace platform;

require __DIR__ . '/../settings/load.php';
require __DIR__ . '/database.php';
require __DIR__ . '/output.php';
require __DIR__ . '/code.php';
require __DIR__ . '/site-metrics.php';

$code = Code::read();
$port = or_end(fn() => Environment::of_process()->integer('MOODLE_METRICS_PORT', 1, 65535));
$address = Environment::of_process()->optional('MOODLE_LISTEN_ADDRESS') ?? '0.0.0.0';
$listener = stream_socket_server("tcp://$address:$port", $number, $message) ?: fail("port $port of $address: $message", 1);

/** The answer for the first line of a request. Metrics are at most 15 seconds old: the database is asked no oftener. */
$answer = function (string $request) use ($code): string {
    static $text = '', $time = -INF;
    if (!preg_match('~^GET /metrics[ ?]~', $request)) {
        return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    }
    if (hrtime(true) / 1e9 - $time >= 15) {
        $text = site_metrics(load_settings((string) getenv('MOODLE_SOURCE_DIR')), $code);
        $time = hrtime(true) / 1e9;
    }
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        . 'Content-Length: ' . strlen($text) . "\r\nConnection: close\r\n\r\n$text";
};

while (true) {
    $client = @stream_socket_accept($listener, -1);
    if ($client === false) {
        continue;
    }
    // One caller at a time, so none may take its time.
    stream_set_timeout($client, 2);
    $request = (string) fgets($client, 4096);
    while (trim((string) fgets($client, 4096)) !== '') {
    }
    fwrite($client, $answer($request));
    fclose($client);
}
