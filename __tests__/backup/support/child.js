/**
 * A run of the backup service as a process of its own, which tests kill. Its database is a file of lines "<sha1> <size>";
 * what is restored of it becomes another file.
 *
 * @typedef {object} Run
 * @property {"snapshot" | "prune" | "restore"} command
 * @property {object} repository configuration of its store
 * @property {object} [bucket] configuration of Moodle's bucket
 * @property {string} volume Moodle's data folder
 * @property {string} rows
 * @property {string} scratch
 * @property {string} secret
 * @property {number} [dieAtCall] kills itself before this call of the repository, or after it where it is negative
 * @property {string} [snapshot]
 * @property {string} [target] folder of restored files; beside it the restored database
 */
const { existsSync } = require("node:fs");
const { readFile, rename, rm, writeFile } = require("node:fs/promises");
const { join } = require("node:path");

const service = join(__dirname, "../../../services/backup/dist");
const { systemClock } = require(join(service, "clock"));
const { exitCodeOf } = require(join(service, "errors"));
const { runPrune } = require(join(service, "prune/run"));
const { runRestore } = require(join(service, "restore/run"));
const { runSnapshot } = require(join(service, "snapshot/run"));
const { MoodleFiles } = require(join(service, "sources/moodle-files"));
const { openStore } = require(join(service, "stores/open"));

/** @type {Run} */
const run = JSON.parse(process.argv[2]);
const PAGE = 100;

async function* pagesOf(text) {
  const references = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ hash: line.slice(0, 40), size: Number(line.slice(41)) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1));
  for (let start = 0; start < references.length; start += PAGE) yield references.slice(start, start + PAGE);
}

const source = {
  preflight: async () => ({
    engine: "postgresql",
    engineVersion: "15.12",
    moodleRelease: "4.5.6",
    moodleVersion: "2024100706.00",
    tablePrefix: "mdl_",
  }),
  async *references() {
    yield* pagesOf(await readFile(run.rows, "utf8"));
  },
  async snapshot() {
    const text = await readFile(run.rows, "utf8");
    return {
      t0: new Date(),
      references: () => pagesOf(text),
      rowCounts: async () => ({ mdl_files: text.split("\n").length - 1 }),
      async *dump(folder) {
        await writeFile(join(folder, "rows"), text);
        yield { name: "rows", size: Buffer.byteLength(text) };
      },
      close: async () => {},
    };
  },
};

/** A database that is empty, begun, or restored. */
const target = {
  begun: `${run.target}.begun`,
  whole: `${run.target}.rows`,
  async state() {
    if (existsSync(this.begun)) return { kind: "unfinished", snapshot: await readFile(this.begun, "utf8") };
    return existsSync(this.whole) ? { kind: "occupied", tables: 1 } : { kind: "empty" };
  },
  async restore({ snapshot, folder }) {
    await writeFile(this.begun, snapshot);
    await rename(join(folder, "rows"), `${this.whole}.new`);
    await systemClock.sleep(20);
    await rename(`${this.whole}.new`, this.whole);
    await rm(this.begun);
  },
};

/** Counts the calls of a store, and dies at the one that is asked for. */
function mortal(store, dieAtCall) {
  let calls = 0;
  const die = () => process.kill(process.pid, "SIGKILL");
  const counted = new Set(["head", "get", "put", "putStream", "copyFrom", "list", "delete"]);
  return new Proxy(store, {
    get(inner, name) {
      const value = inner[name];
      if (!counted.has(name)) return typeof value === "function" ? value.bind(inner) : value;
      return (...args) => {
        calls++;
        if (calls === dieAtCall) die();
        const result = value.apply(inner, args);
        if (calls === -dieAtCall) void Promise.resolve(result).finally(die);
        return result;
      };
    },
  });
}

async function main() {
  const opened = await openStore(run.repository);
  const bucket = run.bucket === undefined ? undefined : await openStore(run.bucket);
  const volume = await openStore({ kind: "folder", path: run.volume });
  const common = {
    store: run.dieAtCall === undefined ? opened : mortal(opened, run.dieAtCall),
    progress: () => {},
    clock: systemClock,
    signal: new AbortController().signal,
    concurrency: 8,
    signingSecret: run.secret,
    scratch: run.scratch,
  };
  process.send("ready");
  switch (run.command) {
    case "snapshot": {
      const files = { volume, bucket: bucket && { store: bucket, bucketName: run.bucket.bucket, keyPrefix: "" } };
      return runSnapshot({ ...common, database: source, files: new MoodleFiles(files) });
    }
    case "prune":
      return runPrune({ ...common, retention: { keepLast: 2 }, graceHours: 0 });
    case "restore": {
      const files = await openStore({ kind: "folder", path: run.target });
      return runRestore({ ...common, snapshot: run.snapshot, files, database: target });
    }
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(exitCodeOf(error));
  },
);
