<?php
namespace platform;

/**
 * APCu, which builds a value anew for each request, with what is large in files of PHP beside it: an array of constants
 * stays in opcache's shared memory, and costs a request nothing until it is read.
 */
final class CacheArrays extends \cachestore_apcu {
    /** Characters as PHP from which on an array is worth a file. */
    private const LARGE = 4096;
    /** What stands in APCu in place of such an array. */
    private const FILE = '/^platform\0([0-9a-f]{40}\.php)$/D';

    /** @var string folder of the files, of this pod alone */
    private readonly string $folder;

    public function __construct($name, array $configuration = []) {
        parent::__construct($name, $configuration);
        $this->folder = $configuration['folder'];
    }

    public function get($key) {
        return $this->read(parent::get($key));
    }

    public function get_many($keys) {
        return array_map($this->read(...), parent::get_many($keys));
    }

    public function set($key, $data) {
        return parent::set($key, $this->written($data));
    }

    public function set_many(array $keyvaluearray) {
        return parent::set_many(array_map(
            fn(array $pair) => ['key' => $pair['key'], 'value' => $this->written($pair['value'])],
            $keyvaluearray,
        ));
    }

    private function read(mixed $value): mixed {
        // Its name is held to its form: what is included is never a path that came as a value.
        if (!is_string($value) || !preg_match(self::FILE, $value, $match)) {
            return $value;
        }
        // A file that is gone is a cache's miss.
        return @include "$this->folder/$match[1]";
    }

    private function written(mixed $value): mixed {
        if (!is_array($value) || !self::is_constant($value)) {
            return $value;
        }
        $code = '<?php return ' . var_export($value, true) . ";\n";
        if (strlen($code) < self::LARGE) {
            return $value;
        }
        // Named by its content: opcache never looks at a file again, and the same strings under a new revision of the
        // language, as of every night, take no more of its memory.
        $name = sha1($code) . '.php';
        $file = "$this->folder/$name";
        $new = "$file." . getmypid();
        return is_file($file) || self::write($new, $code) && rename($new, $file) ? "platform\0$name" : $value;
    }

    /** Opcache leaves out what is younger than two seconds: this looks older. */
    private static function write(string $file, string $code): bool {
        return file_put_contents($file, $code) === strlen($code) && touch($file, time() - 60);
    }

    private static function is_constant(array $array): bool {
        foreach ($array as $value) {
            if (!(is_array($value) ? self::is_constant($value) : $value === null || is_scalar($value))) {
                return false;
            }
        }
        return true;
    }
}
