import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { exposeState } from "../../../../services/backup/src/cli/metrics/exposition";
import { type MetricsServer, serveMetrics } from "../../../../services/backup/src/cli/metrics/server";
import { drill, manifest, partial, run } from "./fake-world";

const earlier = { ...manifest, t0: new Date("2026-08-20T02:15:07Z") };

/** Values by metric and labels. */
function samples(text: string): Record<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => {
      const [name = "", value] = line.split(" ");
      return [name.replace("moodle_backup_", ""), Number(value)];
    }),
  );
}

const WANTED = { cloudSnapshots: false };

const repository = {
  format: 1,
  id: manifest.repository,
  createdAt: "2026-08-01T00:00:00.000Z",
  publicKey: "A".repeat(43),
} as const;

test("no repository is told from an empty one", () => {
  expect(samples(exposeState({ snapshots: [] }, WANTED))).toMatchObject({ repository: 0 });
});

test("an empty repository has no snapshot, and nothing that would look like one", () => {
  expect(samples(exposeState({ repository, snapshots: [] }, WANTED))).toEqual({
    repository: 1,
    repository_created_timestamp_seconds: Date.UTC(2026, 7, 1) / 1000,
    'snapshots{status="complete"}': 0,
    'snapshots{status="partial"}': 0,
    'snapshots{status="unreadable"}': 0,
  });
});

test("a partial snapshot does not count as the last complete one", () => {
  const values = samples(exposeState({ snapshots: [earlier, partial, { id: "X", problem: "is damaged" }] }, WANTED));
  expect(values).toMatchObject({
    'snapshots{status="complete"}': 1,
    'snapshots{status="partial"}': 1,
    'snapshots{status="unreadable"}': 1,
    last_complete_snapshot_timestamp_seconds: earlier.t0.getTime() / 1000,
    last_snapshot_timestamp_seconds: partial.t0.getTime() / 1000,
    last_snapshot_missing_files: 2,
  });
});

test("sizes and durations are those of the newest snapshot", () => {
  expect(samples(exposeState({ snapshots: [earlier, manifest] }, WANTED))).toMatchObject({
    last_snapshot_duration_seconds: 300,
    last_snapshot_database_bytes: 2048,
    last_snapshot_files: 20_000,
    last_snapshot_files_bytes: 3 * 1024 ** 3,
    last_snapshot_added_bytes: 5 * 1024 ** 2,
    last_snapshot_missing_files: 0,
  });
});

test("a drill that failed is not the last one that passed", () => {
  const failed = { ...drill, passed: false, finishedAt: new Date("2026-08-22T03:00:00Z") };
  const values = samples(exposeState({ snapshots: [manifest], drill: failed, passedDrill: drill }, WANTED));
  expect(values).toMatchObject({
    last_drill_passed: 0,
    last_drill_timestamp_seconds: failed.finishedAt.getTime() / 1000,
    last_passed_drill_timestamp_seconds: drill.finishedAt.getTime() / 1000,
    last_drill_restore_seconds: 400,
  });
});

test("every metric has its help and its type before it", () => {
  const lines = exposeState({ snapshots: [manifest], drill, passedDrill: drill }, { cloudSnapshots: true })
    .trimEnd()
    .split("\n");
  for (const [index, line] of lines.entries()) {
    const name = /^(moodle_backup_[a-z_]+)[ {]/.exec(line)?.[1];
    if (name === undefined || lines[index - 1]?.startsWith(`${name}{`)) continue;
    expect(lines[index - 1]).toBe(`# TYPE ${name} gauge`);
    expect(lines[index - 2]).toMatch(new RegExp(`^# HELP ${name} .+\\.$`));
  }
});

describe("a snapshot of the cloud's own beside the newest one", () => {
  const cloudSnapshot = { kind: "rds", id: "moodle-1", startedAt: manifest.t0 } as const;
  const withOne = { ...manifest, database: { ...manifest.database, cloudSnapshot } };
  const cloudSnapshots = { kind: "rds", identifier: "moodle", region: "eu-central-1", keep: 7 } as const;

  test.each([
    ["is there", [manifest, withOne], 1],
    ["is not there, whatever was before", [withOne, manifest], 0],
  ])("%s", async (_, snapshots, expected) => {
    const { stdout } = await run(["metrics"], {
      configuration: { cloudSnapshots },
      operations: { readState: async () => ({ snapshots }) },
    });
    expect(samples(stdout)).toHaveProperty("last_snapshot_cloud_snapshot", expected);
  });

  test("is missed by nobody who did not ask for it", async () => {
    expect(samples((await run(["metrics"])).stdout)).not.toHaveProperty("last_snapshot_cloud_snapshot");
  });
});

test("moodle-backup metrics prints them", async () => {
  const { stdout, exitCode } = await run(["metrics"]);
  expect(exitCode).toBe(0);
  expect(samples(stdout)).toHaveProperty("last_snapshot_files", 20_000);
});

describe("the server", () => {
  let now = 0;
  let server: MetricsServer;
  let read: jest.Mock<Promise<string>, []>;
  const onError = jest.fn();
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers: { connection: "close" } });
    return { status: response.status, text: await response.text(), type: response.headers.get("content-type") };
  };

  beforeEach(async () => {
    read = jest.fn(async () => `moodle_backup_reads ${read.mock.calls.length}\n`);
    const clock = { now: () => new Date(), elapsed: () => now, sleep: async () => {} };
    server = await serveMetrics(0, () => read(), clock, onError);
  });
  afterEach(() => server.close());

  test("answers at /metrics alone", async () => {
    expect(await get("/metrics")).toMatchObject({
      status: 200,
      text: "moodle_backup_reads 1\n",
      type: expect.stringMatching(/^text\/plain; version=0\.0\.4/),
    });
    expect((await get("/")).status).toBe(404);
  });

  test("reads the repository once for all who ask within five minutes", async () => {
    await Promise.all([get("/metrics"), get("/metrics"), get("/metrics")]);
    expect(read).toHaveBeenCalledTimes(1);
    now += 5 * 60_000 + 1;
    expect((await get("/metrics")).text).toBe("moodle_backup_reads 2\n");
  });

  test("says no old values when the repository cannot be read", async () => {
    await get("/metrics");
    now += 5 * 60_000 + 1;
    read.mockRejectedValueOnce(new Error("access denied"));
    expect(await get("/metrics")).toMatchObject({ status: 500, text: "" });
    expect(onError).toHaveBeenCalledWith(new Error("access denied"));
    expect((await get("/metrics")).status).toBe(200);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

test("--listen serves until the program is told to end", async () => {
  const controller = new AbortController();
  const port = String(await freePort());
  const running = run(["metrics", "--listen", port, "--json"], { signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  await once(controller.signal, "abort");
  const { exitCode, stdout } = await running;
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`serving /metrics on port ${port}`);
});
