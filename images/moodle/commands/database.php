<?php
namespace platform;

/**
 * A connection of our own beside Moodle's: commands ask the database while Moodle's code cannot be loaded, or must not be.
 *
 * @throws \PDOException when the database does not answer
 */
function connect(\stdClass $cfg): \PDO {
    $port = $cfg->dboptions['dbport'];
    $options = [
        \PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION,
        \PDO::ATTR_DEFAULT_FETCH_MODE => \PDO::FETCH_ASSOC,
        \PDO::ATTR_TIMEOUT => $cfg->dboptions['connecttimeout'],
    ];
    if ($cfg->dbtype === 'pgsql') {
        // libpq finds the authorities by itself, see database_settings().
        $dsn = "pgsql:host=$cfg->dbhost;port=$port;dbname=$cfg->dbname;sslmode={$cfg->dboptions['ssl']};keepalives_idle=60";
        return new \PDO($dsn, $cfg->dbuser, $cfg->dbpass, $options);
    }
    if (isset($cfg->dboptions['ssl'])) {
        $options[\PDO::MYSQL_ATTR_SSL_CA] = (string) getenv('SSL_CERT_FILE');
        $options[\PDO::MYSQL_ATTR_SSL_VERIFY_SERVER_CERT] = true;
    }
    $dsn = "mysql:host=$cfg->dbhost;port=$port;dbname=$cfg->dbname;charset=utf8mb4";
    return new \PDO($dsn, $cfg->dbuser, $cfg->dbpass, $options);
}

/** Number of Moodle's tables in the database. */
function count_tables(\PDO $database, \stdClass $cfg): int {
    return count(tables($database, $cfg));
}

/** @return string[] names of Moodle's tables in the database */
function tables(\PDO $database, \stdClass $cfg): array {
    $schema = $cfg->dbtype === 'pgsql' ? 'ANY (current_schemas(false))' : 'DATABASE()';
    $statement = $database->prepare(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = $schema AND table_name LIKE ?"
    );
    $statement->execute([str_replace('_', '\_', $cfg->prefix) . '%']);
    return $statement->fetchAll(\PDO::FETCH_COLUMN);
}

/**
 * Settings of Moodle's core as the database has them.
 *
 * @param string[] $names those that are not set are left out of the answer
 * @return array<string, string>
 */
function core_settings(\PDO $database, \stdClass $cfg, array $names): array {
    $marks = implode(', ', array_fill(0, count($names), '?'));
    $statement = $database->prepare("SELECT name, value FROM {$cfg->prefix}config WHERE name IN ($marks)");
    $statement->execute($names);
    return $statement->fetchAll(\PDO::FETCH_KEY_PAIR);
}

/** Versions of plugins as the database has them, by component. */
function plugin_versions(\PDO $database, \stdClass $cfg): array {
    $query = "SELECT plugin, value FROM {$cfg->prefix}config_plugins WHERE name = 'version'";
    return $database->query($query)->fetchAll(\PDO::FETCH_KEY_PAIR);
}
