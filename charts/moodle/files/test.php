<?php
// Asks the site as a load balancer would, whatever its name resolves to.
$host = parse_url(getenv('MOODLE_WWWROOT'), PHP_URL_HOST);
foreach (['/health' => '', '/login/index.php' => 'name="logintoken"'] as $path => $expected) {
    $context = stream_context_create(['http' => [
        'header' => "Host: $host", 'timeout' => 30, 'ignore_errors' => true, 'follow_location' => 0,
    ]]);
    $body = file_get_contents(getenv('SERVICE_URL') . $path, false, $context);
    $status = $body === false ? 'no answer' : $http_response_header[0];
    echo "$path: $status\n";
    if (!str_contains($status, ' 200') || ($expected !== '' && !str_contains($body, $expected))) {
        fwrite(STDERR, "$path does not answer as a running site does\n");
        exit(1);
    }
}
