<?php
namespace platform;

/** Prometheus' text format. */
final class Exposition {
    public string $text = '';

    /** @param array<string, string|int|float|null> $values by labels, as `type="adhoc"`; '' for none; null is left out */
    public function gauge(string $name, string $help, array $values): void {
        $values = array_filter($values, fn($value) => $value !== null);
        if (!$values) {
            return;
        }
        $this->text .= "# HELP moodle_$name $help\n# TYPE moodle_$name gauge\n";
        foreach ($values as $labels => $value) {
            $this->text .= "moodle_$name" . ($labels === '' ? '' : '{' . $labels . '}') . " $value\n";
        }
    }
}

/**
 * Every query reads by an index or a table of a few hundred rows. Prometheus waits ten seconds for an answer: that is enough
 * where everything is away, or takes a connection and says nothing: Redis a second for each, the database five.
 */
function site_metrics(\stdClass $cfg, Code $code): string {
    $metrics = new Exposition();
    $began = hrtime(true) / 1e9;
    $metrics->gauge('maintenance', 'Whether maintenance mode is on.', ['' => (int) file_exists("$cfg->dataroot/climaintenance.html")]);
    $metrics->gauge('code_version', 'Version of the code.', ['' => $code->version]);
    redis_metrics($metrics, $cfg);
    try {
        $database = connect_for_metrics($cfg);
        database_metrics($metrics, $database, $cfg, $code);
        task_metrics($metrics, $database, $cfg);
        objectfs_metrics($metrics, $database, $cfg);
        replica_metrics($metrics, $database, $cfg, $began + 7);
    } catch (\PDOException $fault) {
        fwrite(STDERR, "moodle: metrics: {$fault->getMessage()}\n");
        $metrics->gauge('up', 'Whether the database answers and has the version of the code.', ['' => 0]);
    }
    return $metrics->text;
}

/**
 * MySQL's driver has another limit, of a day, for what comes after the connect, the greeting first of all; a connection
 * keeps the one that it began with: https://www.php.net/manual/en/mysqlnd.config.php#ini.mysqlnd.net-read-timeout
 */
function connect_for_metrics(\stdClass $cfg): \PDO {
    ini_set('mysqlnd.net_read_timeout', (string) $cfg->dboptions['connecttimeout']);
    return connect($cfg);
}

/** By a new connection, as a web pod that starts now would make it: a kept one goes on with a password that is refused. */
function redis_metrics(Exposition $metrics, \stdClass $cfg): void {
    $cache = $cfg->platform_caches['stores']['redis'][1];
    $servers = [
        'sessions' => [
            $cfg->session_redis_host,
            $cfg->session_redis_port,
            $cfg->session_redis_auth ?? '',
            $cfg->session_redis_encrypt ?? [],
        ],
        'cache' => [
            ...explode(':', $cache['server']),
            $cache['password'],
            empty($cache['encryption']) ? [] : ['cafile' => $cache['cafile']],
        ],
    ];
    $up = [];
    foreach ($servers as $use => [$host, $port, $password, $tls]) {
        try {
            $up["use=\"$use\""] = (int) (RedisConnection::fresh($host, (int) $port, 1, $password, $tls)->ping() === true);
        } catch (\RedisException $fault) {
            fwrite(STDERR, "moodle: metrics: Redis for $use: {$fault->getMessage()}\n");
            $up["use=\"$use\""] = 0;
        }
    }
    $metrics->gauge('redis_up', 'Whether Redis answers a new connection.', $up);
}

function database_metrics(Exposition $metrics, \PDO $database, \stdClass $cfg, Code $code): void {
    $settings = core_settings($database, $cfg, ['version', 'allversionshash']);
    $active = $database->prepare("SELECT COUNT(*) FROM {$cfg->prefix}user WHERE lastaccess > ?");
    $active->execute([time() - 300]);
    $metrics->gauge('up', 'Whether the database answers and has the version of the code.', [
        '' => (int) (($settings['allversionshash'] ?? '') === $code->hash),
    ]);
    $metrics->gauge('database_version', 'Version that the database has.', ['' => $settings['version'] ?? null]);
    $metrics->gauge('active_users', 'Users with a request in the last five minutes.', ['' => $active->fetchColumn()]);
}

/** When a scheduled task last ran, in seconds since 1970; several are due every minute. */
function last_run(\PDO $database, \stdClass $cfg): int {
    return (int) $database->query("SELECT MAX(lastruntime) FROM {$cfg->prefix}task_scheduled")->fetchColumn();
}

function task_metrics(Exposition $metrics, \PDO $database, \stdClass $cfg): void {
    $now = time();
    $count = fn(string $table, string $condition) => $database->query("SELECT COUNT(*) FROM $cfg->prefix$table WHERE $condition")->fetchColumn();
    // Not those that have failed for good, which Moodle keeps for weeks.
    $alive = '(attemptsavailable > 0 OR attemptsavailable IS NULL)';
    $queued = "timestarted IS NULL AND nextruntime <= $now AND $alive";
    $oldest = $database->query("SELECT MIN(nextruntime) FROM {$cfg->prefix}task_adhoc WHERE $queued")->fetchColumn();

    // Before the first run ever, since this process began.
    $metrics->gauge('cron_lag_seconds', 'Since a scheduled task last ran.', ['' => max(0, $now - (last_run($database, $cfg) ?: $_SERVER['REQUEST_TIME']))]);
    $metrics->gauge('adhoc_tasks_queued', 'Ad-hoc tasks that are due and wait for a worker.', ['' => $count('task_adhoc', $queued)]);
    $metrics->gauge('adhoc_tasks_oldest_seconds', 'For how long the oldest of them has been due.', ['' => $oldest ? $now - $oldest : 0]);
    $metrics->gauge('tasks_running', 'Tasks that run.', [
        'type="adhoc"' => $count('task_adhoc', 'timestarted IS NOT NULL'),
        'type="scheduled"' => $count('task_scheduled', 'timestarted IS NOT NULL'),
    ]);
    $metrics->gauge('tasks_failing', 'Tasks whose last run failed, and that run again.', [
        'type="adhoc"' => $count('task_adhoc', "faildelay > 0 AND $alive"),
        'type="scheduled"' => $count('task_scheduled', 'faildelay > 0 AND disabled = 0'),
    ]);
}

/** From the plugin's own hourly report: its table of objects has no index by location. */
function objectfs_metrics(Exposition $metrics, \PDO $database, \stdClass $cfg): void {
    if (!isset(plugin_versions($database, $cfg)['tool_objectfs'])) {
        return;
    }
    $rows = $database->query(
        "SELECT datakey, objectcount, objectsum FROM {$cfg->prefix}tool_objectfs_report_data
          WHERE reporttype = 'location' AND reportid = (SELECT MAX(id) FROM {$cfg->prefix}tool_objectfs_reports)"
    )->fetchAll(\PDO::FETCH_UNIQUE);
    // The plugin's numbers: lib.php of tool_objectfs.
    $locations = ['-2' => 'orphaned', '-1' => 'error', '0' => 'local', '1' => 'duplicated', '2' => 'external'];
    $objects = $bytes = [];
    foreach ($locations as $key => $name) {
        $objects["location=\"$name\""] = $rows[$key]['objectcount'] ?? null;
        $bytes["location=\"$name\""] = $rows[$key]['objectsum'] ?? null;
    }
    $metrics->gauge('objectfs_objects', 'Files by where they are, once an hour.', $objects);
    $metrics->gauge('objectfs_bytes', 'Bytes by where they are, once an hour.', $bytes);
}

/**
 * How far a replica is behind, by what every engine shows a plain user: when a task last ran, there and at the writer.
 *
 * @param float $end where so many replicas are away that it is later than this, the rest are not asked
 */
function replica_metrics(Exposition $metrics, \PDO $database, \stdClass $cfg, float $end): void {
    $up = $lag = [];
    $written = last_run($database, $cfg);
    foreach ($cfg->dboptions['readonly']['instance'] ?? [] as $instance) {
        if (hrtime(true) / 1e9 > $end) {
            break;
        }
        $label = "host=\"{$instance['dbhost']}\"";
        $reader = (object) ($instance + (array) $cfg);
        $reader->dboptions['connecttimeout'] = $cfg->dboptions['readonly']['connecttimeout'];
        try {
            $lag[$label] = max(0, $written - last_run(connect_for_metrics($reader), $cfg));
            $up[$label] = 1;
        } catch (\PDOException $fault) {
            fwrite(STDERR, "moodle: metrics: {$fault->getMessage()}\n");
            $up[$label] = 0;
        }
    }
    $metrics->gauge('replica_up', 'Whether the replica answers.', $up);
    $metrics->gauge('replica_lag_seconds', 'How far the last run of a task there is behind the one at the writer.', $lag);
}
