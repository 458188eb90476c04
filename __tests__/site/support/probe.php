<?php
/**
 * Put beside Moodle's code by a test: shows what a PHP-FPM worker knows, and with ?upload=1 uploads a file through
 * ObjectFS itself.
 */
require __DIR__ . '/config.php';

$answer = [
    'sapi' => PHP_SAPI,
    'cfg' => json_decode(json_encode($CFG, JSON_PARTIAL_OUTPUT_ON_ERROR)),
    'environment' => array_filter(getenv(), fn($name) => preg_match('/^(AWS|MOODLE)_/', $name), ARRAY_FILTER_USE_KEY),
];
if (optional_param('upload', 0, PARAM_INT)) {
    $file = get_file_storage()->create_file_from_string([
        'contextid' => context_system::instance()->id,
        'component' => 'core',
        'filearea' => 'probe',
        'itemid' => time(),
        'filepath' => '/',
        'filename' => 'probe.txt',
    ], bin2hex(random_bytes(1000)));
    ob_start();
    (new \tool_objectfs\task\push_objects_to_storage())->execute();
    $answer['log'] = ob_get_clean();
    $answer['contentHash'] = $file->get_contenthash();
}
header('Content-Type: application/json');
echo json_encode($answer);
