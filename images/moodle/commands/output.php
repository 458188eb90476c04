<?php
namespace platform;

function say(string $message): void {
    echo "moodle: $message\n";
}

/** Ends with 1, after which trying again may help, or with 78 (EX_CONFIG), after which it cannot. */
function fail(string $message, int $code): never {
    fwrite(STDERR, "moodle: $message\n");
    exit($code);
}
