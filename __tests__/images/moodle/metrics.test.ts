/** What `moodle metrics` tells of Redis, whether or not there is a database. */
import { freePort } from "../../servers/support/process";
import { MetricsServer } from "./support/metrics-server";
import { MoodleFolder } from "./support/moodle-folder";
import { RedisServer } from "./support/redis-server";
import { mute, silence } from "./support/silent-addresses";

const PASSWORD = "p'\"$ ü";

let redis: RedisServer;
let folder: MoodleFolder;

beforeAll(async () => {
  redis = await RedisServer.start(PASSWORD);
});
afterAll(() => redis.stop());

beforeEach(async () => {
  folder = new MoodleFolder();
  folder.file("authority.pem", redis.certificates.ca);
  for (const use of ["SESSIONS", "CACHE"]) {
    Object.assign(folder.environment, {
      [`MOODLE_REDIS_${use}_HOST`]: "localhost",
      [`MOODLE_REDIS_${use}_PORT`]: `${redis.port}`,
      [`MOODLE_REDIS_${use}_CA_FILE`]: `${folder.directory}/authority.pem`,
    });
    folder.secret(`redis-${use.toLowerCase()}/password`, `${PASSWORD}\n`);
  }
  const closed = await freePort();
  Object.assign(folder.environment, { MOODLE_DATABASE_HOST: "127.0.0.1", MOODLE_DATABASE_PORT: `${closed}` });
});
afterEach(() => folder.remove());

/** What is told of sessions and of the cache. */
async function told(environment: Record<string, string> = {}): Promise<(string | undefined)[]> {
  const server = await MetricsServer.start(folder, environment);
  const lines = await server.scrape();
  await server.stop();
  expect(lines).toContain("moodle_code_version 2024100706");
  expect(lines).toContain("moodle_up 0");
  return ["sessions", "cache"].map((use) => {
    const name = `moodle_redis_up{use="${use}"} `;
    return lines.find((line) => line.startsWith(name))?.slice(name.length);
  });
}

test("both answer, over TLS and with their passwords", async () => {
  expect(await told()).toEqual(["1", "1"]);
});

test.each([
  ["SESSIONS", ["0", "1"]],
  ["CACHE", ["1", "0"]],
])("that of %s is away", async (use, expected) => {
  expect(await told({ [`MOODLE_REDIS_${use}_PORT`]: `${await freePort()}` })).toEqual(expected);
});

test("one that refuses the password is of no use", async () => {
  folder.secret("redis-sessions/password", "former");
  expect(await told()).toEqual(["0", "1"]);
});

test("nor is one whose certificate another authority has signed", async () => {
  expect(await told({ MOODLE_REDIS_CACHE_CA_FILE: "/etc/ssl/certs/ca-certificates.crt" })).toEqual(["1", "0"]);
});

/** The database, of this type, and Redis at one address. */
function allAt(host: string, port: number, type: string): Record<string, string> {
  const names = ["DATABASE", "REDIS_SESSIONS", "REDIS_CACHE"];
  const at = names.flatMap((name) => [
    [`MOODLE_${name}_HOST`, host],
    [`MOODLE_${name}_PORT`, `${port}`],
  ]);
  return { MOODLE_DATABASE_TYPE: type, ...Object.fromEntries(at) };
}

describe.each(["pgsql", "mysqli"])("they are told before Prometheus has stopped waiting, with a %s", (type) => {
  test("that does not answer as well", async () => {
    const port = await freePort();
    const away = await silence([`127.0.0.2:${port}`]);
    const began = Date.now();
    expect(await told(allAt("127.0.0.2", port, type))).toEqual(["0", "0"]);
    expect(Date.now() - began).toBeLessThan(10_000);
    await away.stop("SIGKILL");
  });

  test("that takes connections and says nothing, as they do", async () => {
    const port = await freePort();
    const away = await mute([`127.0.0.2:${port}`]);
    const began = Date.now();
    expect(await told(allAt("127.0.0.2", port, type))).toEqual(["0", "0"]);
    expect(Date.now() - began).toBeLessThan(10_000);
    await away.stop("SIGKILL");
  });
});
