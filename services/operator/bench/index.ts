/** `npm run bench -w services/operator`: how much one process looks after. Ends with 1 where a number is missed. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "../src/api-server/object";
import { MemoryApiServer } from "./api-server";
import { CLUSTERS, nameOf, siteOf } from "./sites";

const SITES = 1000;
const REST_SECONDS = 60;
const ROUNDS = 10;
/** Changes a second while latency is measured. */
const RATE = 50;

const CHARTS = join(__dirname, "../../../../../charts");

interface Site extends KubeObject {
  readonly spec: { readonly suspend: boolean };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function main(): Promise<number> {
  const server = new MemoryApiServer();
  const address = await server.start();
  for (let index = 0; index < SITES; index++) server.put(CLUSTERS, siteOf(index));
  // Sites are compared with their manifests far more often than by default, so that rest comes within a minute.
  let operator = await OperatorProcess.start(address, 30_000);
  const made = await seconds(() => until(() => sitesWith(server, "Ready", "True") === SITES));
  // Only once each has been compared with its manifests is there nothing left to say.
  await until(() => sitesWith(server, "Drifted", "False") === SITES);
  const writes = server.writes;
  await sleep(REST_SECONDS * 1000);
  const writesAtRest = server.writes - writes;
  await operator.stop();

  const started = performance.now();
  operator = await OperatorProcess.start(address, 600_000);
  await until(async () => (await operator.reconciliations()) >= SITES);
  const again = (performance.now() - started) / 1000;
  await sleep(20_000);
  const memory = operator.memory();
  const noops = await noopsPerSecond(server, operator);
  const latencies = await changeLatencies(server);
  await operator.stop();
  server.stop();

  const rows: [name: string, measured: number, bound: "most" | "least", target: number][] = [
    [`${SITES} new sites Ready, seconds (Helm stood in for)`, made, "most", 30],
    [`${SITES} sites known and compared after a start, seconds`, again, "most", 30],
    [`writes to the API server at rest, in ${REST_SECONDS} s`, writesAtRest, "most", 0],
    ["memory at rest (RSS), MB", memory, "most", 150],
    ["reconciliations that change nothing, a second", noops, "least", 500],
    ["change of a site to its status, p50, ms", percentile(latencies, 0.5), "most", 250],
    ["change of a site to its status, p99, ms", percentile(latencies, 0.99), "most", 250],
  ];
  console.log(`node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`);
  for (const [name, measured, bound, target] of rows) {
    console.log(`${name.padEnd(62)} ${measured.toFixed(1).padStart(9)}   at ${bound} ${target}`);
  }
  const missed = rows.filter(([, measured, bound, target]) =>
    bound === "most" ? measured > target : measured < target,
  );
  return missed.length === 0 ? 0 : 1;
}

/** A process of the operator, and what it tells. */
class OperatorProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly port: number,
  ) {}

  static async start(address: string, driftInterval: number): Promise<OperatorProcess> {
    const port = await freePort();
    const args = [join(__dirname, "operator.js"), address, String(port), CHARTS, String(driftInterval)];
    const child = spawn(process.execPath, args, { stdio: "inherit" });
    const operator = new OperatorProcess(child, port);
    await until(async () => (await operator.fetch("/healthz")) === "ok");
    return operator;
  }

  /** Of sites, whatever came of them. */
  async reconciliations(): Promise<number> {
    const text = await this.fetch("/metrics");
    const lines = text.matchAll(/^controller_runtime_reconcile_total\{controller="moodlecluster".*\} (\d+)$/gm);
    return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** MB that it holds. */
  memory(): number {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.child.pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) / 1024;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGKILL");
    await ended;
  }

  private async fetch(path: string): Promise<string> {
    try {
      return await (await fetch(`http://127.0.0.1:${this.port}${path}`)).text();
    } catch {
      return "";
    }
  }
}

/** Every site is touched in a way that asks for nothing, again and again. */
async function noopsPerSecond(server: MemoryApiServer, operator: OperatorProcess): Promise<number> {
  const before = await operator.reconciliations();
  const time = await seconds(async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      for (const name of names()) {
        const site = server.get(CLUSTERS, name) as Site;
        const annotations = { round: String(round) };
        server.put(CLUSTERS, { ...site, metadata: { ...site.metadata, annotations } } as Site);
      }
      await until(async () => (await operator.reconciliations()) >= before + round * SITES);
    }
  });
  return (ROUNDS * SITES) / time;
}

/** Milliseconds from a change of the specification to the status that answers it, over all sites one by one. */
async function changeLatencies(server: MemoryApiServer): Promise<number[]> {
  const changed = new Map<string, number>();
  const latencies: number[] = [];
  server.onStatus = (name) => {
    const at = changed.get(name);
    if (at === undefined) return;
    changed.delete(name);
    latencies.push(performance.now() - at);
  };
  for (const name of names()) {
    const { metadata, spec, ...rest } = server.get(CLUSTERS, name) as Site;
    const generation = (metadata.generation ?? 0) + 1;
    changed.set(name, performance.now());
    server.put(CLUSTERS, { ...rest, metadata: { ...metadata, generation }, spec: { ...spec, suspend: true } } as Site);
    await sleep(1000 / RATE);
  }
  await until(() => changed.size === 0);
  return latencies;
}

function* names(): Generator<string> {
  for (let index = 0; index < SITES; index++) yield nameOf(index);
}

function sitesWith(server: MemoryApiServer, type: string, wanted: string): number {
  const has = ({ status }: Site) =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === wanted) === true;
  return [...names()].filter((name) => has(server.get(CLUSTERS, name) as Site)).length;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 300_000; !(await done()); await sleep(10)) {
    if (Date.now() > end) throw new Error("what is waited for did not come in five minutes");
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

main().then((code) => process.exit(code));
