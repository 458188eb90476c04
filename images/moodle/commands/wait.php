<?php
/** Ends when the database has the version of this code. */
namespace platform;

require __DIR__ . '/../settings/load.php';
require __DIR__ . '/database.php';
require __DIR__ . '/code.php';

$code = Code::read();
$said = '';
while (true) {
    // Anew each time: passwords change.
    $cfg = load_settings((string) getenv('MOODLE_SOURCE_DIR'));
    try {
        $database = connect($cfg);
        $settings = count_tables($database, $cfg) > 0 ? core_settings($database, $cfg, ['release', 'allversionshash']) : [];
        $state = ($settings['allversionshash'] ?? '') === $code->hash
            ? ''
            : 'the database has ' . ($settings['release'] ?? 'no version') . ", this code is $code->release";
    } catch (\PDOException $fault) {
        $state = "the database does not answer: {$fault->getMessage()}";
    }
    if ($state === '') {
        echo "moodle: the database is at $code->release\n";
        exit(0);
    }
    if ($state !== $said) {
        echo "moodle: waiting: $state\n";
        $said = $state;
    }
    sleep(3);
}
