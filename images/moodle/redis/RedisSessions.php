<?php
namespace platform;

/** Moodle's sessions in Redis, by a kept connection. */
final class RedisSessions extends \core\session\redis {
    public function init(): bool {
        try {
            $this->connection = RedisConnection::kept(
                $this->host[0],
                $this->port,
                $this->connectiontimeout,
                $this->auth,
                $this->sslopts,
            );
        } catch (\RedisException) {
            // Moodle tries a few times, and says what is wrong.
            return parent::init();
        }
        $this->connection->setOption(\Redis::OPT_SERIALIZER, $this->serializer);
        $this->connection->setOption(\Redis::OPT_PREFIX, $this->prefix);
        return session_set_save_handler($this);
    }
}
