/** What `helm test` of charts/moodle runs in its pod, against sites in each state. */
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

const program = readFileSync(join(__dirname, "../../charts/moodle/files/test.php"), "utf8").replace("<?php\n", "");
const hasPhp = spawnSync("php", ["--version"]).status === 0;
if (!hasPhp) console.warn("the program of helm test is not tested: php is not installed");

interface Answer {
  readonly status: number;
  readonly body?: string;
}

/** The exit code of the program against a site that answers so, and the host names it asked for. */
async function run(answers: Readonly<Record<string, Answer>>) {
  const hosts: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    hosts.push(request.headers.host);
    const { status, body } = answers[request.url ?? ""] ?? { status: 404 };
    response.writeHead(status, status === 303 ? { location: "https://login.example.edu/" } : {}).end(body);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const env = {
    ...process.env,
    MOODLE_WWWROOT: "https://moodle.example.edu",
    SERVICE_URL: `http://127.0.0.1:${port}`,
    SERVICE_SECONDS: "5",
  };
  try {
    const code = await new Promise<number>((done) => {
      execFile("php", ["-d", "display_errors=stderr", "-r", program], { env }, (error) =>
        done(Number(error?.code ?? 0)),
      );
    });
    return { code, hosts };
  } finally {
    server.close();
  }
}

const health = { status: 200, body: "ok" };
const login = { status: 200, body: '<input type="hidden" name="logintoken" value="x">' };

(hasPhp ? describe : describe.skip)("helm test", () => {
  test("finds a running site well, by its own name", async () => {
    expect(await run({ "/health": health, "/login/index.php": login })).toEqual({
      code: 0,
      hosts: ["moodle.example.edu", "moodle.example.edu"],
    });
  });

  test("takes a login elsewhere for one", async () => {
    expect((await run({ "/health": health, "/login/index.php": { status: 303 } })).code).toBe(0);
  });

  test.each<[string, Record<string, Answer>]>([
    ["that is not ready", { "/health": { status: 503 }, "/login/index.php": login }],
    ["whose health is elsewhere", { "/health": { status: 303 }, "/login/index.php": login }],
    ["whose login page fails", { "/health": health, "/login/index.php": { ...login, status: 503 } }],
    ["that is something else", { "/health": health, "/login/index.php": { status: 200, body: "Welcome to nginx!" } }],
    ["without a login page", { "/health": health }],
  ])("finds a site ill %s", async (_, answers) => {
    expect((await run(answers)).code).toBe(1);
  });
});
