import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Operations } from "../../../../services/backup/src/cli/operations";
import { runProgram } from "../../../../services/backup/src/cli/run";
import type { World } from "../../../../services/backup/src/cli/world";
import type { ConfigurationInput } from "../../../../services/backup/src/configuration/schema";
import type { DrillResult } from "../../../../services/backup/src/drill/result";
import type { Manifest } from "../../../../services/backup/src/repository/manifest";
import { SigningKey } from "../../../../services/backup/src/repository/signing";
import { RULES } from "../support/anonymise-rules";
import { FakeDatabase } from "../support/fake-database";
import { MemoryStore } from "../support/memory-store";

export const SECRET = "correct-horse-battery-staple-0123456789";
export const PASSWORD = 'p"ss/w\\rd with spaces';
export const ID = "01K3V7X2M9QZ4T8RWB6YHNCDEF";
export const PUBLIC_KEY = new SigningKey(SECRET).publicKey;

const SHA = "a".repeat(64);

export const manifest: Manifest = {
  format: 1,
  id: ID,
  repository: "3f2b8f3e-7a57-4a0e-9d0c-6f2f4b1f0c11",
  status: "complete",
  t0: new Date("2026-08-21T02:15:07Z"),
  finishedAt: new Date("2026-08-21T02:20:07Z"),
  fencingToken: 7,
  program: "moodle-backup 0.1.0",
  site: {
    engine: "postgresql",
    engineVersion: "17.6",
    moodleRelease: "4.5.6 (Build: 20250811)",
    moodleVersion: "2024100706.00",
    tablePrefix: "mdl_",
  },
  database: {
    position: "0/16B3748",
    parts: [{ name: "toc.dat", size: 2048, sha256: SHA }],
    rowCounts: { mdl_files: 20_000, mdl_user: 10 },
  },
  files: { references: 20_000, bytes: 3 * 1024 ** 3, shards: [] },
  added: { blobs: 340, bytes: 5 * 1024 ** 2 },
};

export const partial: Manifest = {
  ...manifest,
  status: "partial",
  missing: { blobs: 2, bytes: 300, hashes: ["b".repeat(40), "c".repeat(40)] },
};

export const drill: DrillResult = {
  format: 1,
  id: ID,
  repository: manifest.repository,
  snapshot: ID,
  t0: manifest.t0,
  moodleVersion: "2024100706.00",
  startedAt: new Date("2026-08-21T03:00:00Z"),
  finishedAt: new Date("2026-08-21T03:10:00Z"),
  passed: true,
  failures: [],
  seconds: { download: 30, restore: 400, checks: 20 },
  references: 20_000,
  sampled: 500,
  program: "moodle-backup 0.1.0",
};

const site = {
  engine: "postgresql",
  host: "db.example.edu",
  name: "moodle",
  username: "moodle_backup",
} as const;

/** What one run of the program did and said. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What it wrote to files, by their paths. */
  readonly written: Readonly<Record<string, string>>;
  /** Options of each operation that it called. */
  readonly calls: Readonly<Record<string, unknown[]>>;
  readonly executed: readonly { readonly program: string; readonly args: readonly string[]; readonly input?: string }[];
  readonly closed: number;
}

export interface Given {
  readonly configuration?: Partial<ConfigurationInput>;
  readonly operations?: Partial<Operations>;
  readonly isTerminal?: boolean;
  readonly signal?: AbortSignal;
  readonly columns?: number;
}

const folder = mkdtempSync(join(tmpdir(), "cli-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a file that a configuration can name. */
export function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A configuration in which no command lacks anything. */
export function fullConfiguration(): ConfigurationInput {
  const passwordFile = file("password", `${PASSWORD}\n`);
  return {
    repository: { kind: "s3", bucket: "backups", region: "eu-central-1" },
    signing: { secretFile: file("signing-secret", `${SECRET}\n`) },
    database: { ...site, passwordFile },
    files: { objectStore: { kind: "s3", bucket: "files", region: "eu-central-1" }, directory: "/var/moodle/data" },
    scratchDirectory: join(folder, "scratch"),
    lockDays: 30,
    retention: { keepDaily: 14 },
    drill: { server: { engine: "postgresql", host: "/run/drill", username: "drill" } },
    restore: { database: { ...site, name: "restored", passwordFile }, files: { directory: "/var/moodle/restored" } },
  };
}

/** Runs the program on operations that do nothing but succeed. */
export async function run(args: readonly string[], given: Given = {}): Promise<Ran> {
  let stdout = "";
  let stderr = "";
  let closed = 0;
  const written: Record<string, string> = {};
  const calls: Record<string, unknown[]> = {};
  const executed: { program: string; args: readonly string[]; input?: string }[] = [];
  const close = async () => {
    closed++;
  };
  const database = Object.assign(new FakeDatabase(), { close });
  const succeeding: Operations = {
    initialise: async () => ({ format: 1, id: manifest.repository, createdAt: "", publicKey: PUBLIC_KEY }),
    readRepository: async () => ({ format: 1, id: manifest.repository, createdAt: "", publicKey: PUBLIC_KEY }),
    runSnapshot: async () => ({ manifest, unchanged: 19_660, incomplete: [], lockExtensions: 0 }),
    listSnapshots: async () => [manifest],
    readState: async () => ({ snapshots: [manifest] }),
    readSnapshot: async () => manifest,
    runVerify: async () => ({
      snapshots: 1,
      blobs: 20_000,
      read: { objects: 0, bytes: 0 },
      findings: [],
      furtherFindings: 0,
    }),
    runRestore: async () => ({ manifest, files: { blobs: 20_000, bytes: 1024 }, milliseconds: 61_000 }),
    runPrune: async () => ({
      kept: [ID],
      marked: { snapshots: [], blobs: 0, bytes: 0 },
      deleted: { snapshots: [], objects: 0, bytes: 0 },
      locked: 0,
    }),
    runDrill: async () => drill,
    requireDrill: async () => drill,
    breakLease: async () => undefined,
    openStore: async (configuration) =>
      Object.assign(new MemoryStore(configuration.kind === "folder" ? configuration.path : "memory://backups"), {
        close,
      }),
    openFiles: async () => ({ preflight: async () => {}, places: async function* () {}, close }),
    openSource: async () => database,
    openTarget: async () => ({ close }) as never,
    openScratchServer: async () => ({}) as never,
    openCloudSnapshots: async () => ({
      begin: async (id) => ({ kind: "rds", id: `moodle-db-backup-${id}`, startedAt: manifest.t0 }),
      list: async () => [],
      remove: async () => {},
    }),
    readAnonymiseRules: async () => RULES,
    ...given.operations,
  };
  const recorded = Object.fromEntries(
    Object.entries(succeeding).map(([name, operation]) => [
      name,
      (...options: unknown[]) => {
        calls[name] = [...(calls[name] ?? []), options.length === 1 ? options[0] : options];
        return (operation as (...all: unknown[]) => unknown)(...options);
      },
    ]),
  ) as unknown as Operations;

  let now = 0;
  const world: World = {
    variables: {
      MOODLE_BACKUP_CONFIG: file("config.json", JSON.stringify({ ...fullConfiguration(), ...given.configuration })),
    },
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    isTerminal: given.isTerminal ?? false,
    columns: () => given.columns ?? 100,
    clock: {
      now: () => new Date("2026-08-21T04:00:00Z"),
      elapsed: () => {
        now += 400;
        return now;
      },
      sleep: async () => {},
    },
    signal: given.signal ?? new AbortController().signal,
    operations: async () => recorded,
    writeFile: (path, content) => {
      written[path] = content;
    },
    execute: async (program, programArguments, input) => {
      executed.push({ program, args: programArguments, input });
      return { output: "applied\n", exitCode: 0 };
    },
  };
  const exitCode = await runProgram(args, world);
  return { exitCode, stdout, stderr, written, calls, executed, closed };
}
