<?php
namespace platform;

/** One installation or upgrade: what to run, and what to see to when it has ended. */
final class Installation {
    /** Exit code of `upgrade.php --is-maintenance-required`. */
    private const NO_MAINTENANCE = 3;

    /**
     * @param \PDO $lock the connection that holds the lock
     * @param string $script of Moodle, and its arguments, the script's name first
     */
    private function __construct(
        private readonly \PDO $lock,
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
        try {
            $lock = lock_installation($cfg);
            // Of its own: the lock's connection may be within a transaction.
            $database = connect($cfg);
        } catch (\PDOException $fault) {
            fail("the database $cfg->dbname on $cfg->dbhost does not answer: {$fault->getMessage()}", 1);
        }
        $make = fn(string $script, array $options) => new self(
            $lock, $database, $cfg, $code, self::script($root, $script), [self::script($root, $script), ...$options]
        );

        $settings = count_tables($database, $cfg) === 0
            ? []
            : core_settings($database, $cfg, ['version', 'release', 'allversionshash', 'rolesactive']);
        if (empty($settings['rolesactive'])) {
            $options = self::install_options($env);
            self::empty_database($database, $cfg);
            say("installing $code->release into an empty database");
            touch(self::unfinished($cfg));
            return $make('install_database.php', $options);
        }
        @unlink(self::unfinished($cfg));
        self::refuse_downgrade($code, $settings, plugin_versions($database, $cfg));
        if (($settings['allversionshash'] ?? '') === $code->hash) {
            say("the database is at $code->release already");
            set_site_code_version($cfg, $code->hash);
            end_maintenance($cfg);
            return null;
        }

        say("upgrading {$settings['release']} to $code->release");
        // Left by an upgrade that was killed: whoever holds the lock knows that none is running.
        $database->exec("DELETE FROM {$cfg->prefix}config WHERE name = 'upgraderunning'");
        if (self::run($root, 'upgrade.php', '--is-maintenance-required') === self::NO_MAINTENANCE) {
            return $make('upgrade.php', ['--non-interactive', '--maintenance=0']);
        }
        begin_maintenance($cfg);
        stop_cron($database, $cfg);
        return $make('upgrade.php', ['--non-interactive']);
    }

    /** When Moodle's script has ended. It calls exit(): only the database tells whether all went well. */
    public function end(): void {
        $settings = count_tables($this->database, $this->cfg) > 0
            ? core_settings($this->database, $this->cfg, ['allversionshash', 'rolesactive'])
            : [];
        if (($settings['allversionshash'] ?? '') !== $this->code->hash || empty($settings['rolesactive'])) {
            fail("the database is not at {$this->code->release}: see what Moodle said above", 1);
        }
        set_site_code_version($this->cfg, $this->code->hash);
        if (in_array('--maintenance=0', $this->arguments, true)) {
            // Moodle leaves this to whoever upgrades without maintenance.
            self::run((string) getenv('MOODLE_SOURCE_DIR'), 'purge_caches.php');
        }
        @unlink(self::unfinished($this->cfg));
        end_maintenance($this->cfg);
        say("the database is at {$this->code->release}");
    }

    private static function script(string $root, string $name): string {
        $path = "$root/admin/cli/$name";
        return file_exists($path) ? $path : "$root/public/admin/cli/$name";
    }

    /** Runs another of Moodle's scripts to its end, and returns its exit code. */
    private static function run(string $root, string $script, string ...$options): int {
        $command = [PHP_BINARY, self::script($root, $script), ...$options];
        passthru(implode(' ', array_map(escapeshellarg(...), $command)), $status);
        return $status;
    }

    /** Moodle cannot go on with an installation that was killed: what one of ours has left is dropped. */
    private static function empty_database(\PDO $database, \stdClass $cfg): void {
        $tables = tables($database, $cfg);
        if (!$tables) {
            return;
        }
        if (!file_exists(self::unfinished($cfg))) {
            fail("the database $cfg->dbname holds an installation that never came to its end, and is not this command's: "
                . 'make the database anew, and run this again', 78);
        }
        say('beginning anew: an installation was killed before its end, so nobody has used it');
        // MySQL and MariaDB go on with the batch of statements that a killed client has sent: until no table comes any more.
        while ($tables) {
            foreach ($tables as $table) {
                $database->exec("DROP TABLE IF EXISTS $table");
            }
            sleep(2);
            $tables = tables($database, $cfg);
        }
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
            fail("the database is at {$settings['release']} ({$settings['version']}), newer than this code, $code->release: "
                . 'run an image of that version or newer; a database never goes back, except from a backup', 78);
        }
        foreach ($code->plugins as $component => $version) {
            if ($version !== null && (float) ($plugins[$component] ?? 0) > (float) $version) {
                fail("the plugin $component is at {$plugins[$component]} in the database, newer than this code's $version: "
                    . 'run an image that has that version or newer', 78);
            }
        }
    }

    /** A file that is there from the beginning of an installation to its end. */
    private static function unfinished(\stdClass $cfg): string {
        return "$cfg->dataroot/installation-unfinished";
    }
}
