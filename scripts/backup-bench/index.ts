/**
 * `npm run bench --workspace services/backup -- [--files 20000] [--references 1000000] [--rounds 3]`: moodle-backup beside
 * restic on the same files and the same S3 server, in turn; a database of many references; and the dump beside bare
 * `pg_dump`, in turn. Nothing is asserted. Needs PostgreSQL, versitygw and restic 0.14 or newer.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Programs, type Run, steps } from "./comparison";
import { measured } from "./measured";
import { ACCESS_KEY, REGION, SECRET_KEY, Servers } from "./servers";
import { DATABASES, manyReferences, Site } from "./site";

const MAIN = join(__dirname, "../../../services/backup/dist/cli/main.js");
const columns = (...cells: readonly string[]) =>
  console.log(cells.map((cell, index) => (index === 0 ? cell.padEnd(34) : cell.padStart(13))).join(""));
const fixed = (value: number, digits = 1) => value.toFixed(digits);

class Bench {
  private readonly servers: Servers;
  private readonly environment: Record<string, string>;

  constructor(private readonly folder: string) {
    this.servers = new Servers(folder);
    this.environment = {
      ...{ AWS_ACCESS_KEY_ID: ACCESS_KEY, AWS_SECRET_ACCESS_KEY: SECRET_KEY, AWS_REGION: REGION },
      ...{ RESTIC_PASSWORD: "bench", RESTIC_CACHE_DIR: join(folder, "restic-cache") },
      NODE_NO_WARNINGS: "1",
    };
  }

  async run(files: number, references: number, rounds: number): Promise<void> {
    writeFileSync(join(this.folder, "signing"), "a secret of the benchmark, long enough\n");
    await this.servers.start();
    try {
      await this.beside(files);
      if (references > 0) await this.many(references, rounds);
    } finally {
      await this.servers.stop();
    }
  }

  /** Each step by each program, one after the other. */
  private async beside(files: number): Promise<void> {
    const site = new Site(this.folder, this.servers);
    site.add(files);
    const programs = this.programs(site);
    console.log(`${files} files, ${availableParallelism()} processors, load ${fixed(loadavg()[0] ?? 0)}`);
    columns("", "seconds", "CPU s", "peak MB", "copies/s");
    for (const { name, change, runs } of steps(programs, files)) {
      if (change > 0) site.add(change);
      for (const run of runs) this.print(`${name}, ${run.program}`, await this.measure(run), run.copies);
    }
  }

  private print(name: string, { seconds, cpuSeconds, peakMb, copying }: Figures, copies: number | undefined): void {
    const rate = copies === undefined || copying === undefined ? [] : [fixed(copies / copying, 0)];
    columns(name, fixed(seconds, 2), fixed(cpuSeconds, 2), fixed(peakMb, 0), ...rate);
  }

  private async measure({ command, args }: Run): Promise<Figures> {
    const usage = await measured(command, args, this.environment);
    return { ...usage, copying: phase(usage.output, "pre-copy") };
  }

  private programs(site: Site): Programs {
    const { endpoint } = this.servers;
    return {
      restic: { command: "restic", args: ["--repo", `s3:${endpoint}/restic`, "--quiet"], data: site.volume },
      fromBucket: this.configure("bucket", DATABASES.bucket, "backup", endpoint, { bucket: true }),
      fromVolume: this.configure("volume", DATABASES.volume, "volume", endpoint, { volume: site.volume }),
      restored: join(this.folder, "restored"),
    };
  }

  /** A configuration, as arguments. */
  private configure(
    name: string,
    database: string,
    repository: string,
    endpoint: string,
    source: { bucket?: boolean; volume?: string },
  ): Run {
    const bucket = (of: string) => ({ kind: "s3", bucket: of, region: REGION, endpoint });
    const file = join(this.folder, `${name}.json`);
    mkdirSync(join(this.folder, "restored"), { recursive: true });
    writeFileSync(
      file,
      JSON.stringify({
        repository: bucket(repository),
        signing: { secretFile: join(this.folder, "signing") },
        database: { engine: "postgresql", host: this.servers.socket, username: "moodle", name: database },
        files: source.bucket === true ? { objectStore: bucket("moodle") } : { directory: source.volume },
        scratchDirectory: join(this.folder, "scratch", name),
        retention: { keepLast: 1 },
        restore: { files: { directory: join(this.folder, "restored") } },
      }),
    );
    return { program: "moodle-backup", command: process.execPath, args: [MAIN, "--config", file, "--json"] };
  }

  private async many(count: number, rounds: number): Promise<void> {
    manyReferences(this.servers, count);
    const endpoint = await this.servers.startListing(count);
    const run = this.configure("many", "many", "references", endpoint, { bucket: true });
    const [main = "", ...options] = run.args;
    const snapshot = { ...run, args: [main, "snapshot", "--init", ...options] };
    console.log(`\n${count} references, load ${fixed(loadavg()[0] ?? 0)}`);
    columns("", "seconds", "CPU s", "peak MB", "listed/s", "pg_dump s", "dump s", "dump speed");
    for (let round = 0; round <= rounds; round++) {
      const bare = await this.dump(round);
      const usage = await measured(snapshot.command, snapshot.args, this.environment);
      const dump = phase(usage.output, "dump") ?? Number.NaN;
      columns(
        round === 0 ? "first snapshot, all files there" : "unchanged",
        ...[fixed(usage.seconds, 1), fixed(usage.cpuSeconds, 1), fixed(usage.peakMb, 0)],
        fixed(count / (phase(usage.output, "copy") ?? Number.NaN), 0),
        ...[fixed(bare), fixed(dump), `${fixed((100 * bare) / dump, 0)} %`],
      );
    }
  }

  /** Seconds of pg_dump by itself, as moodle-backup calls it, but into a folder that stays. */
  private async dump(round: number): Promise<number> {
    const out = join(this.folder, `dump-${round}`);
    const jobs = Math.max(2, Math.min(4, availableParallelism()));
    const args = ["--format=directory", `--jobs=${jobs}`, "--compress=6", "--no-sync", `--file=${out}`];
    const { seconds } = await measured("pg_dump", [...args, ...this.servers.address("many")]);
    rmSync(out, { recursive: true });
    return seconds;
  }
}

interface Figures {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  /** Seconds in which files were copied. */
  readonly copying: number | undefined;
}

/** Seconds of a phase, out of JSON lines. */
function phase(output: string, name: string): number | undefined {
  for (const line of output.split("\n").filter((text) => text.startsWith("{"))) {
    const event = JSON.parse(line) as { event: string; phase?: string; milliseconds?: number };
    if (event.event === "done" && event.phase === name) return (event.milliseconds ?? Number.NaN) / 1000;
  }
  return undefined;
}

async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { files: text, references: text, rounds: text } });
  const number = (name: keyof typeof values, otherwise: number) => Number(values[name] ?? otherwise);
  const folder = mkdtempSync(join(tmpdir(), "backup-bench-"));
  try {
    await new Bench(folder).run(number("files", 20_000), number("references", 1_000_000), number("rounds", 3));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
