import { join } from "node:path";
import { ScratchFull } from "../../errors";
import type { DatabaseConnection } from "../connection";
import type { DatabaseSnapshot, DumpFile, Reference } from "../database";
import { writeDescription } from "../dump-description";
import { DatabaseError } from "../failure";
import { Mailbox } from "../mailbox";
import { checkVersion, readExternalHashes, tablesOf } from "./catalogue";
import { dumpMysql } from "./dump";
import { ReferenceSpool } from "./reference-spool";
import { MysqlSession, withMysqlSession } from "./session";

/** What is known once the dump has gone by. */
interface Passed<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * MySQL cannot lend the view of one transaction to another, and managed servers allow no global lock. So the dump is the
 * view: references and counts are read out of it as it streams by, and are those of what would be restored. They come
 * once `dump` has been begun: whoever asks for them earlier waits.
 */
export class MysqlSnapshot implements DatabaseSnapshot {
  private readonly spool = passed<ReferenceSpool>();
  private readonly counts = passed<Record<string, number>>();
  private written: ReferenceSpool | undefined;

  private constructor(
    private readonly connection: DatabaseConnection,
    private readonly engineVersion: string,
    private readonly tables: readonly string[],
    private readonly views: readonly string[],
    readonly t0: Date,
    readonly position: string | undefined,
  ) {}

  static async open(connection: DatabaseConnection): Promise<MysqlSnapshot> {
    return withMysqlSession(connection, connection.database, async (session) => {
      const version = await checkVersion(session, connection.engine);
      const all = await tablesOf(session);
      const named = (isView: boolean) =>
        all.filter(({ storage }) => (storage === null) === isView).map(({ name }) => name);
      const position = await readPosition(session);
      const [clock] = await session.query<{ now: string }>("SELECT unix_timestamp(now(3)) AS now");
      const t0 = new Date(Number(clock?.now) * 1000);
      return new MysqlSnapshot(connection, version, named(false), named(true), t0, position);
    });
  }

  async *references(signal?: AbortSignal): AsyncIterable<readonly Reference[]> {
    const spool = await unlessAborted(this.spool.promise, signal);
    const session = await MysqlSession.open(this.connection, this.connection.database);
    try {
      // A hint where a blob is may be of later than the view.
      const external = readExternalHashes(session, this.connection.tablePrefix, signal)[Symbol.asyncIterator]();
      let next = await external.next();
      for await (const page of spool.references()) {
        signal?.throwIfAborted();
        const hinted: Reference[] = [];
        for (const reference of page) {
          while (next.done !== true && next.value < reference.hash) next = await external.next();
          hinted.push(next.value === reference.hash ? { ...reference, external: true } : reference);
        }
        yield hinted;
      }
    } finally {
      await session.close();
    }
  }

  async rowCounts(signal?: AbortSignal): Promise<Readonly<Record<string, number>>> {
    const counts = await unlessAborted(this.counts.promise, signal);
    const { tablePrefix } = this.connection;
    const empty = this.tables.filter((name) => name.startsWith(tablePrefix)).map((name) => [name, 0]);
    const filled = Object.entries(counts).filter(([name]) => name.startsWith(tablePrefix));
    return Object.fromEntries([...empty, ...filled]);
  }

  async *dump(folder: string, signal?: AbortSignal): AsyncIterable<DumpFile> {
    const { connection, views, engineVersion } = this;
    const spool = new ReferenceSpool(join(folder, ".references"));
    this.written = spool;
    const files = new Mailbox<DumpFile>();
    const over = new AbortController();
    const options = {
      folder,
      views,
      spool,
      onReferences: () => void spool.finish().then(() => this.spool.resolve(spool), this.spool.reject),
      signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]),
    };
    const work = dumpMysql(connection, options, files).then(async (counts) => {
      await spool.finish();
      this.spool.resolve(spool);
      this.counts.resolve(counts);
    });
    const run = work.then(
      () => files.end(),
      (error: unknown) => {
        const failure = ScratchFull.isReason(error)
          ? new DatabaseError("no-space", `${folder} has no space left`)
          : error;
        this.spool.reject(failure);
        this.counts.reject(failure);
        files.end(failure);
      },
    );
    try {
      yield* files;
      const { engine, tablePrefix } = connection;
      yield await writeDescription(folder, { format: 1, engine, engineVersion, tablePrefix, extensions: [] });
    } finally {
      over.abort();
      await run;
    }
  }

  async close(): Promise<void> {
    const closed = new DatabaseError("other", "the snapshot was closed before its dump was made");
    this.spool.reject(closed);
    this.counts.reject(closed);
    await this.written?.remove();
  }
}

/** GTIDs, or file and offset of the binary log, at or just before the view. Many roles may not ask. */
async function readPosition(session: MysqlSession): Promise<string | undefined> {
  for (const statement of [
    "SELECT @@global.gtid_binlog_pos AS position",
    "SELECT @@global.gtid_executed AS position",
    "SHOW BINARY LOG STATUS",
    "SHOW MASTER STATUS",
  ]) {
    try {
      const [row] = await session.query<{ position?: string; File?: string; Position?: string }>(statement);
      if (row?.position !== undefined && row.position !== "") return row.position.replaceAll("\n", "");
      if (row?.File !== undefined && row.File !== "") return `${row.File}:${row.Position}`;
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.failure === "lost") throw error;
    }
  }
  return undefined;
}

function passed<T>(): Passed<T> {
  let [resolve, reject]: [(value: T) => void, (error: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<T>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
