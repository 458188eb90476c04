<?php
namespace platform;

/** A value that the environment should not have, or a file that is missing: says which, what is allowed and what to do. */
final class InvalidEnvironment extends \Exception {
}

/** Reads environment variables and secret files. A variable that is empty counts as absent. */
final class Environment {
    /** @param string $secretsdir folder of the mounted secrets, see secret() */
    public function __construct(private readonly string $secretsdir) {
    }

    public static function of_process(): self {
        return new self(getenv('MOODLE_SECRETS_DIR') ?: '/run/secrets/moodle');
    }

    public function has(string $name): bool {
        return (string) getenv($name) !== '';
    }

    public function optional(string $name): ?string {
        return $this->has($name) ? (string) getenv($name) : null;
    }

    public function required(string $name): string {
        return $this->optional($name) ?? throw new InvalidEnvironment("$name is not set: give it a value");
    }

    /** Words separated by spaces; none where the variable is absent. */
    public function words(string $name): array {
        return preg_split('/\s+/', (string) getenv($name), -1, PREG_SPLIT_NO_EMPTY);
    }

    public function one_of(string $name, array $allowed): string {
        $value = $this->required($name);
        if (!in_array($value, $allowed, true)) {
            throw new InvalidEnvironment("$name is \"$value\": set it to one of " . implode(', ', $allowed));
        }
        return $value;
    }

    /** A switch that knows one word beside being absent, as MOODLE_DATABASE_TLS=disable. */
    public function is(string $name, string $word): bool {
        return $this->has($name) && $this->one_of($name, [$word]) === $word;
    }

    public function integer(string $name, int $minimum, int $maximum): int {
        $value = $this->required($name);
        $number = filter_var($value, FILTER_VALIDATE_INT, ['options' => ['min_range' => $minimum, 'max_range' => $maximum]]);
        if ($number === false) {
            throw new InvalidEnvironment("$name is \"$value\": set it to a whole number from $minimum to $maximum");
        }
        return $number;
    }

    public function has_secret(string $path): bool {
        return is_readable("$this->secretsdir/$path");
    }

    /** A secret as its file has it, byte for byte, but for one line end at its end, which editors add. */
    public function secret(string $path): string {
        $file = "$this->secretsdir/$path";
        $content = is_readable($file) ? file_get_contents($file) : false;
        if ($content === false) {
            throw new InvalidEnvironment("the secret $file cannot be read: mount it, readable by this user");
        }
        $secret = preg_replace('/\r?\n\z/', '', $content);
        if ($secret === '') {
            throw new InvalidEnvironment("the secret $file is empty: put its value there");
        }
        return $secret;
    }
}

/**
 * What $make returns; a fault in the environment ends the process with one line that names it. On the web that is 503, and
 * the line is in the log: it is not the visitor's business.
 */
function or_end(callable $make): mixed {
    try {
        return $make();
    } catch (InvalidEnvironment $fault) {
        if (PHP_SAPI === 'cli') {
            fwrite(STDERR, "moodle: {$fault->getMessage()}\n");
        } else {
            error_log("moodle: {$fault->getMessage()}");
            http_response_code(503);
        }
        exit(78);
    }
}
