<?php
namespace platform;

/** One installation or upgrade: what to run, and what to see to when it has ended. */
final class Installation {
    /**
     * @param \PDO $database holds the lock
     * @param string $script of Moodle, and its arguments, the script's name first
     */
    private function __construct(
        private readonly \PDO $database,
        private readonly \stdClass $cfg,
        private readonly Code $code,
        public readonly string $script,
        public readonly array $arguments,
    ) {
    }

    /** Takes the lock and finds out what is to be done. Null where it is nothing; ends the process where it refuses. */
    public static function plan(Environment $env, string $root): ?self {
        $cfg = load_settings($root);
        $code = Code::read();
        $database = connect($cfg);
        lock_installation($database, $cfg);
        $make = fn(string $script, array $options) => new self(
            $database, $cfg, $code, self::script($root, $script), [self::script($root, $script), ...$options]
        );

        if (count_tables($database, $cfg) === 0) {
            say("installing $code->release into an empty database");
            touch(self::unfinished($cfg));
            return $make('install_database.php', self::install_options($env));
        }
        $settings = core_settings($database, $cfg, ['version', 'release', 'allversionshash', 'rolesactive']);
        if (empty($settings['rolesactive']) || file_exists(self::unfinished($cfg))) {
            refuse("the database $cfg->dbname holds an installation that never came to its end, so nobody has used it: "
                . 'drop the database, make it anew, and run this again');
        }
        self::refuse_downgrade($code, $settings, plugin_versions($database, $cfg));
        if (($settings['allversionshash'] ?? '') === $code->hash) {
            say("the database is at $code->release already");
            end_maintenance($cfg);
            return null;
        }

        say("upgrading {$settings['release']} to $code->release");
        $options = ['--non-interactive'];
        if (self::ask($root, '--is-maintenance-required') === 3) {
            $options[] = '--maintenance=0';
        } else {
            begin_maintenance($cfg);
        }
        return $make('upgrade.php', $options);
    }

    /** When Moodle's script has ended. It calls exit(): only the database tells whether all went well. */
    public function end(): void {
        $settings = count_tables($this->database, $this->cfg) > 0
            ? core_settings($this->database, $this->cfg, ['allversionshash', 'rolesactive'])
            : [];
        if (($settings['allversionshash'] ?? '') !== $this->code->hash || empty($settings['rolesactive'])) {
            fwrite(STDERR, "moodle: the database is not at {$this->code->release}: see what Moodle said above\n");
            exit(1);
        }
        @unlink(self::unfinished($this->cfg));
        end_maintenance($this->cfg);
        say("the database is at {$this->code->release}");
    }

    private static function script(string $root, string $name): string {
        $path = "$root/admin/cli/$name";
        return file_exists($path) ? $path : "$root/public/admin/cli/$name";
    }

    /** Exit code of Moodle's upgrade.php with an option that only asks. */
    private static function ask(string $root, string $option): int {
        passthru(implode(' ', array_map(escapeshellarg(...), [PHP_BINARY, self::script($root, 'upgrade.php'), $option])), $status);
        return $status;
    }

    private static function install_options(Environment $env): array {
        return [
            '--agree-license',
            '--lang=' . ($env->optional('MOODLE_LANGUAGE') ?? 'en'),
            '--adminuser=admin',
            '--adminpass=' . $env->secret('administrator/adminPassword'),
            '--adminemail=' . $env->required('MOODLE_ADMIN_EMAIL'),
            '--fullname=' . $env->required('MOODLE_SITE_NAME'),
            '--shortname=' . $env->required('MOODLE_SHORT_NAME'),
        ];
    }

    private static function refuse_downgrade(Code $code, array $settings, array $plugins): void {
        if ((float) $settings['version'] > $code->version) {
            refuse("the database is at {$settings['release']} ({$settings['version']}), newer than this code, $code->release: "
                . 'run an image of that version or newer; a database never goes back, except from a backup');
        }
        foreach ($code->plugins as $component => $version) {
            if ($version !== null && (float) ($plugins[$component] ?? 0) > (float) $version) {
                refuse("the plugin $component is at {$plugins[$component]} in the database, newer than this code's $version: "
                    . 'run an image that has that version or newer');
            }
        }
    }

    /** A file that is there from the beginning of an installation to its end. */
    private static function unfinished(\stdClass $cfg): string {
        return "$cfg->dataroot/installation-unfinished";
    }
}

function say(string $message): void {
    echo "moodle: $message\n";
}

function refuse(string $message): never {
    fwrite(STDERR, "moodle: $message\n");
    exit(78);
}

const MAINTENANCE_MARK = '<!-- moodle install -->';

/**
 * Moodle answers every request with this file while it is there. One that an administrator has put there stays as it is,
 * and stays afterwards.
 */
function begin_maintenance(\stdClass $cfg): void {
    $file = "$cfg->dataroot/climaintenance.html";
    if (file_exists($file)) {
        return;
    }
    say('maintenance mode until the upgrade has ended');
    $template = "$cfg->dataroot/climaintenance.template.html";
    $page = file_get_contents(is_readable($template) ? $template : dirname(__DIR__) . '/web/maintenance.html');
    file_put_contents("$file.new", $page . MAINTENANCE_MARK . "\n");
    rename("$file.new", $file);
}

function end_maintenance(\stdClass $cfg): void {
    $file = "$cfg->dataroot/climaintenance.html";
    if (file_exists($file) && str_contains((string) file_get_contents($file), MAINTENANCE_MARK)) {
        unlink($file);
        say('maintenance mode is over');
    }
}
