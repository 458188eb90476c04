import { connect } from "node:net";
import type { Service } from "./processes";
import { program } from "./programs";
import { replaceFile, type Site } from "./site";

/** Two servers, as in production: what is a cache may be thrown away, a session may not. */
const SERVERS = {
  "redis-sessions": { port: "redisSessions", maxMemoryMb: 256, policy: "noeviction" },
  "redis-cache": { port: "redisCache", maxMemoryMb: 512, policy: "allkeys-lru" },
} as const;

/** A Redis server of the site's own, on 127.0.0.1, that keeps all in memory. */
export function redis(site: Site, name: keyof typeof SERVERS): Service {
  const server = SERVERS[name];
  const port = site.ports[server.port];
  const password = site.secret(`${name}/password`);
  const configuration = [
    "bind 127.0.0.1",
    `port ${port}`,
    `requirepass ${password}`,
    `maxmemory ${server.maxMemoryMb}mb`,
    `maxmemory-policy ${server.policy}`,
    'save ""',
    "appendonly no",
  ];
  replaceFile(site.path("secrets", `${name}.conf`), `${configuration.join("\n")}\n`);
  return {
    name,
    command: program("redis-server"),
    args: [site.path("secrets", `${name}.conf`)],
    stopSignal: "SIGTERM",
    probe: () => ping(port, password),
  };
}

function ping(port: number, password: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the server closed the connection")));
    socket.on("data", (answer) => {
      if (answer.toString().includes("+PONG")) resolve();
      socket.destroy();
    });
    // In one write, and so in one answer.
    socket.write(`AUTH ${password}\r\nPING\r\n`);
  });
}
