<?php
// Asks the site as a load balancer would, whatever its name resolves to. A login elsewhere (single sign-on) is one, too.
$host = parse_url(getenv('MOODLE_WWWROOT'), PHP_URL_HOST);
foreach (['/health' => '/^/', '/login/index.php' => '/name="logintoken"/'] as $path => $expected) {
    $context = stream_context_create(['http' => [
        'header' => "Host: $host", 'timeout' => (int) getenv('SERVICE_SECONDS'), 'ignore_errors' => true, 'follow_location' => 0,
    ]]);
    $body = file_get_contents(getenv('SERVICE_URL') . $path, false, $context);
    $status = $body === false ? 'no answer' : $http_response_header[0];
    echo "$path: $status\n";
    $shown = str_contains($status, ' 200') && preg_match($expected, $body);
    if (!$shown && !($path !== '/health' && str_contains($status, ' 303'))) {
        fwrite(STDERR, "$path does not answer as a running site does\n");
        exit(1);
    }
}
