<?php
namespace platform;

/** What Moodle's code says of itself. Its hash changes with the version of the core or of any plugin. */
final class Code {
    /**
     * @param float $version of the core, as 2024100712.00
     * @param string $release for people, as 4.5.12
     * @param string $hash as Moodle's own setting allversionshash
     * @param array<string, float|int|null> $plugins versions by component
     */
    public function __construct(
        public readonly float $version,
        public readonly string $release,
        public readonly string $hash,
        public readonly array $plugins,
    ) {
    }

    /** Asks the code itself, in a process of its own: two versions of Moodle's classes cannot be loaded at once. */
    public static function read(): self {
        $facts = json_decode((string) shell_exec(escapeshellarg(PHP_BINARY) . ' ' . escapeshellarg(__DIR__ . '/version.php')), true);
        if (!is_array($facts)) {
            throw new \RuntimeException('the version of the code in ' . getenv('MOODLE_SOURCE_DIR') . ' cannot be read');
        }
        return new self((float) $facts['version'], $facts['release'], $facts['hash'], $facts['plugins']);
    }
}
