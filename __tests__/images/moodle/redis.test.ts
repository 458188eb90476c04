/** Connections to Redis that are kept, with a Redis that speaks TLS alone. */
import { spawnSync } from "node:child_process";
import { image } from "./support/moodle-folder";
import { RedisServer } from "./support/redis-server";

const PASSWORD = "p'\"$ ü";

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start(PASSWORD);
});
afterAll(() => server.stop());

/** What code prints that can open connections by kept(). */
function php(code: string, { password = PASSWORD, caFile = server.certificates.caFile } = {}): string {
  const open = `require '${image}/redis/RedisConnection.php';
    function kept(): Redis { return platform\\RedisConnection::kept(
      'localhost', ${server.port}, 2, getenv('PASSWORD'), ['cafile' => '${caFile}']); }
    function number(Redis $redis): int { return $redis->rawCommand('CLIENT', 'ID'); }`;
  const { stdout, stderr } = spawnSync("php", ["-d", "display_errors=stderr", "-r", open + code], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, PASSWORD: password },
  });
  return stdout + stderr;
}

test("a connection serves one request after the other", () => {
  expect(php("$a = kept(); $first = number($a); unset($a); $b = kept(); var_dump(number($b) === $first);")).toBe(
    "bool(true)\n",
  );
});

test("two at a time are not one", () => {
  expect(php("$a = kept(); $b = kept(); var_dump(number($b) === number($a));")).toBe("bool(false)\n");
});

test("one that the server has ended is made anew", () => {
  const end = "$a = kept(); $b = kept(); $b->rawCommand('CLIENT', 'KILL', 'ID', number($a)); unset($b, $a);";
  expect(php(`${end} var_dump(kept()->set('key', 'value'), kept()->get('key'));`)).toBe(
    'bool(true)\nstring(5) "value"\n',
  );
});

test("one to what has become a replica is not kept", () => {
  const write =
    "$a = kept(); $first = number($a); try { $a->set('key', 'value'); } catch (RedisException) {} unset($a);";
  const again = "$b = kept(); var_dump(number($b) === $first);";
  expect(php(`${write} ${again}`)).toBe("bool(true)\n");
  php("kept()->rawCommand('REPLICAOF', '127.0.0.1', '1');");
  expect(php(`${write} ${again}`)).toBe("bool(false)\n");
  php("kept()->rawCommand('REPLICAOF', 'NO', 'ONE');");
});

test("a wrong password, or a server of another authority, is an error", () => {
  expect(php("kept()->ping();", { password: "wrong" })).toMatch(/RedisException.*refuses the password/s);
  expect(php("kept()->ping();", { caFile: "/dev/null" })).toMatch(/RedisException/);
});
