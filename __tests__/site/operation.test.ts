/** Health, maintenance, a database that is away, cron and ad-hoc tasks. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describeSites } from "./support/sites";

describeSites("operation", (site) => {
  const get = async (path: string) => {
    const response = await fetch(site.url + path);
    return { status: response.status, body: await response.text() };
  };
  /** Asks until the answer is as expected. */
  const eventually = async (path: string, expected: object) => {
    for (let tries = 0; tries < 50; tries++) {
      const answer = await get(path);
      if (answer.status === (expected as { status: number }).status) break;
      await sleep(200);
    }
    expect(await get(path)).toMatchObject(expected);
  };

  /** How many connections the database has taken since it started. */
  const sessions = async () => {
    const [row] = await site.query<{ count: string | number }>(
      site.database === "mariadb"
        ? "SELECT VARIABLE_VALUE AS count FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'CONNECTIONS'"
        : "SELECT sessions AS count FROM pg_stat_database WHERE datname = 'moodle'",
    );
    return Number(row?.count);
  };
  /** Ends every connection but the one that asks, as a failover does. */
  const endSessions = async () => {
    if (site.database === "postgresql") {
      await site.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'moodle' AND pid <> pg_backend_pid()",
      );
      return;
    }
    const others = "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()";
    for (const { id } of await site.query<{ id: number }>(others)) await site.query(`KILL ${id}`).catch(() => {});
  };

  it("is healthy", async () => {
    expect(await get("/health")).toMatchObject({ status: 200 });
    expect(await get("/livez/nginx")).toMatchObject({ status: 200 });
    expect(await get("/livez/php-fpm")).toMatchObject({ status: 200 });
  });

  it("answers health checks in maintenance, and shows visitors the page", async () => {
    await site.exec("moodle", "php", "admin/cli/maintenance.php", "--enable");
    try {
      expect(await get("/health")).toMatchObject({ status: 200 });
      expect(await get("/livez/php-fpm")).toMatchObject({ status: 200 });
      const { status, body } = await get("/login/index.php");
      expect(status).toBe(503);
      expect(body).toContain("maintenance");
    } finally {
      await site.exec("moodle", "php", "admin/cli/maintenance.php", "--disable");
    }
    expect(await get("/login/index.php")).toMatchObject({ status: 200 });
  });

  it("answers nothing, scripts neither, where the site is at other code", async () => {
    const page = (await get("/login/index.php")).body;
    const [script] = /\/lib\/javascript\.php\/\d+\/lib\/javascript-static\.js/.exec(page) ?? [];
    const [styles] = /\/theme\/styles\.php\/[\w/]+/.exec(page) ?? [];
    const paths = ["/login/index.php", `${script}`, `${styles}`, "/theme/image.php/boost/core/1/t/add"];
    for (const path of paths) expect([path, (await get(path)).status]).toEqual([path, 200]);
    const version = readFileSync(site.path("data/code-version"), "utf8");
    site.put("data/code-version", "newer");
    try {
      await eventually("/login/index.php", { status: 503 });
      for (const path of paths) {
        const answer = await fetch(site.url + path);
        expect([path, answer.status, answer.headers.get("cache-control")]).toEqual([path, 503, "no-store"]);
      }
      expect(await get("/health")).toMatchObject({ status: 503, body: "version\n" });
    } finally {
      site.put("data/code-version", version);
    }
    await eventually("/login/index.php", { status: 200 });
  });

  it("is not ready without its database, but alive; and is ready again afterwards", async () => {
    const { output } = await site.command(["status"]);
    const pid = Number(new RegExp(`^${site.database}\\s+(\\d+)`, "m").exec(output)?.[1]);
    process.kill(pid, site.database === "postgresql" ? "SIGINT" : "SIGTERM");
    await eventually("/health", { status: 503 });
    expect(await get("/livez/nginx")).toMatchObject({ status: 200 });
    expect(await get("/livez/php-fpm")).toMatchObject({ status: 200 });
    const page = await get("/login/index.php");
    expect(page.status).toBeGreaterThanOrEqual(500);
    expect(page.body).not.toContain(site.secret("database/password"));

    expect((await site.command(["status"])).code).toBe(1);
    await site.up();
    expect(await get("/health")).toMatchObject({ status: 200 });
    expect(await get("/login/index.php")).toMatchObject({ status: 200 });
  });

  it("keeps connections to the database, and makes those anew that the database has ended", async () => {
    const many = (count: number) => Promise.all(Array.from({ length: count }, () => get("/login/index.php")));
    await many(60);
    const before = await sessions();
    await many(60);
    // Cron and metrics make some meanwhile.
    expect((await sessions()) - before).toBeLessThan(30);
    await endSessions();
    expect((await many(60)).map(({ status }) => status)).toEqual(Array(60).fill(200));
  });

  it("runs scheduled tasks", async () => {
    const before = Math.floor(Date.now() / 1000) - 1;
    await site.query(
      "UPDATE mdl_task_scheduled SET nextruntime = 0, lastruntime = 0 WHERE classname LIKE '%check_for_updates%' OR classname LIKE '%cache_cleanup_task%'",
    );
    for (let tries = 0; ; tries++) {
      const [row] = await site.query<{ last: string }>(
        "SELECT lastruntime AS last FROM mdl_task_scheduled WHERE classname LIKE '%cache_cleanup_task%'",
      );
      if (Number(row?.last) >= before) break;
      if (tries > 180) throw new Error("cron has not run the task in three minutes");
      await sleep(1000);
    }
  });

  it("runs ad-hoc tasks by workers of their own", async () => {
    const script = site.put(
      "tmp/queue.php",
      `<?php define('CLI_SCRIPT', true); require getcwd() . '/config.php';
      $task = new \\core\\task\\refresh_mod_calendar_events_task();
      $task->set_custom_data(['plugins' => ['forum']]);
      echo \\core\\task\\manager::queue_adhoc_task($task);`,
    );
    const id = Number((await site.exec("moodle", "php", script)).trim());
    expect(id).toBeGreaterThan(0);
    for (let tries = 0; ; tries++) {
      const rows = await site.query(`SELECT id FROM mdl_task_adhoc WHERE id = ${id}`);
      if (rows.length === 0) break;
      if (tries > 60) throw new Error("the task is still queued after a minute");
      await sleep(1000);
    }
    const logs = (await site.command(["logs", "adhoc"])).output;
    expect(logs).toContain("refresh_mod_calendar_events_task");
  });
});
