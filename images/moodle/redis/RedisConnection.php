<?php
namespace platform;

/**
 * A connection to Redis that a process keeps from one request to the next: TLS, the password's check and, for sessions,
 * Moodle's two questions for the server's version cost more than what most requests ask for.
 */
final class RedisConnection extends \Redis {
    /**
     * Before it is used again, phpredis asks the server for an echo, and connects anew where none comes.
     *
     * @param int $timeout seconds to connect, and to wait for an answer
     * @param array $tls PHP's options of a TLS stream, as cafile; empty without TLS
     * @throws \RedisException where the server does not answer or refuses the password
     */
    public static function kept(string $host, int $port, int $timeout, string $password, array $tls): self {
        return self::opened('pconnect', $host, $port, $timeout, $password, $tls);
    }

    /** As kept(), but never one that was there before, and none that stays. */
    public static function fresh(string $host, int $port, int $timeout, string $password, array $tls): self {
        return self::opened('connect', $host, $port, $timeout, $password, $tls);
    }

    private static function opened(string $how, string $host, int $port, int $timeout, string $password, array $tls): self {
        $options = array_filter(['auth' => $password, 'stream' => $tls]);
        $redis = new self();
        if (!$redis->$how($tls ? "tls://$host" : $host, $port, $timeout, null, 100, $timeout, $options)) {
            throw new \RedisException("$host:$port does not answer, or refuses the password");
        }
        return $redis;
    }

    public function __destruct() {
        // After a failover it may lead to what is a replica now.
        if ($this->isConnected() && str_starts_with((string) $this->getLastError(), 'READONLY')) {
            $this->close();
        }
        parent::__destruct();
    }
}
