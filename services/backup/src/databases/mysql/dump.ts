import type { DatabaseConnection } from "../connection";
import type { DumpFile } from "../database";
import type { Mailbox } from "../mailbox";
import { PartWriter, PREAMBLE } from "./part-writer";
import type { ReferenceSpool } from "./reference-spool";
import { DumpScanner } from "./scanner";
import { findTool, type MysqlTool, runMysqlTool } from "./tools";

/** Bytes of SQL in a part before another is begun. */
const PART_BYTES = 256 * 1024 * 1024;

/** Parts that are compressed at the same time. */
const PARALLEL = 2;

export const SCHEMA_PART = "schema.sql.gz";
/** Rows of `mdl_config`, which a restore writes last: without them Moodle does not run. */
export const CONFIG_PART = "config.sql.gz";

export interface MysqlDump {
  /** Empty folder. */
  readonly folder: string;
  /** Views of the database: their definers may not exist where the dump is restored. */
  readonly views: readonly string[];
  readonly spool: ReferenceSpool;
  /** Called when the rows of `mdl_files` have gone by. */
  readonly onReferences: () => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs the dump program and sorts what it writes: statements that make tables into `schema.sql.gz`, rows into parts of
 * `data-<n>.sql.gz` that can be restored side by side. Gives the rows of each table in the dump.
 * https://dev.mysql.com/doc/refman/8.4/en/mysqldump.html https://mariadb.com/kb/en/mariadb-dump/
 */
export async function dumpMysql(
  connection: DatabaseConnection,
  dump: MysqlDump,
  files: Mailbox<DumpFile>,
): Promise<Record<string, number>> {
  const tool = await findTool("dump", connection.engine);
  const sorter = new DumpSorter(connection.tablePrefix, dump, files);
  try {
    await runMysqlTool(
      tool,
      dumpArguments(tool, connection, dump.views),
      connection,
      dump.signal,
      async ({ output }) => {
        for await (const chunk of output) {
          sorter.scanner.push(chunk);
          await sorter.room();
        }
      },
    );
    await sorter.finish();
    return sorter.rowCounts;
  } catch (error) {
    await sorter.abandon();
    throw error;
  }
}

function dumpArguments({ flavour }: MysqlTool, { database }: DatabaseConnection, views: readonly string[]): string[] {
  return [
    "--single-transaction",
    "--quick",
    "--no-tablespaces",
    "--skip-lock-tables",
    "--skip-add-locks",
    "--skip-add-drop-table",
    "--skip-disable-keys",
    "--skip-triggers",
    "--skip-dump-date",
    "--hex-blob",
    "--complete-insert",
    "--default-character-set=utf8mb4",
    "--max-allowed-packet=1G",
    ...(flavour === "mysql" ? ["--set-gtid-purged=OFF", "--column-statistics=0"] : []),
    ...views.map((view) => `--ignore-table=${database}.${view}`),
    database,
  ];
}

class DumpSorter {
  readonly rowCounts: Record<string, number> = {};
  readonly scanner: DumpScanner;
  private readonly schema: PartWriter;
  private readonly config: PartWriter;
  /** Parts that take data, in turn. */
  private readonly open: (PartWriter | undefined)[] = new Array(PARALLEL).fill(undefined);
  private turn = 0;
  private parts = 0;
  private current: PartWriter;
  private table = "";
  private rows = 0;
  private readonly finishing: Promise<void>[] = [];

  constructor(
    private readonly prefix: string,
    private readonly dump: MysqlDump,
    private readonly files: Mailbox<DumpFile>,
  ) {
    this.schema = new PartWriter(dump.folder, SCHEMA_PART);
    this.config = new PartWriter(dump.folder, CONFIG_PART);
    this.config.write(PREAMBLE);
    this.current = this.schema;
    this.scanner = new DumpScanner({
      schema: (text) => this.schema.write(text),
      insert: (table, columns) => this.begin(table, columns),
      data: (text) => this.current.write(text),
      row: (values) => this.row(values),
      insertEnd: () => this.end(),
    });
  }

  async room(): Promise<void> {
    for (const writer of [this.schema, this.config, ...this.open]) await writer?.room();
    await this.dump.spool.room();
  }

  async finish(): Promise<void> {
    this.scanner.end();
    this.changeTable("");
    for (const writer of [this.schema, this.config, ...this.open]) if (writer !== undefined) this.close(writer);
    await Promise.all(this.finishing);
  }

  async abandon(): Promise<void> {
    await Promise.all([this.schema, this.config, ...this.open].map((writer) => writer?.abandon()));
    await Promise.allSettled(this.finishing);
  }

  private begin(table: string, columns: readonly string[]): readonly string[] {
    if (table !== this.table) this.changeTable(table);
    this.current = table === `${this.prefix}config` ? this.config : this.nextPart();
    return this.isFiles() ? ["contenthash", "filesize"].filter((name) => columns.includes(name)) : [];
  }

  private row(values: readonly string[]): void {
    this.rows++;
    if (values.length === 2) this.dump.spool.add(values[0] ?? "", values[1] ?? "");
  }

  private end(): void {
    this.current.write("\n");
    this.rowCounts[this.table] = (this.rowCounts[this.table] ?? 0) + this.rows;
    this.rows = 0;
  }

  private changeTable(table: string): void {
    if (this.isFiles()) this.dump.onReferences();
    this.table = table;
  }

  private isFiles(): boolean {
    return this.table === `${this.prefix}files`;
  }

  private nextPart(): PartWriter {
    this.turn = (this.turn + 1) % PARALLEL;
    const writer = this.open[this.turn];
    if (writer !== undefined && writer.size < PART_BYTES) return writer;
    if (writer !== undefined) this.close(writer);
    const part = new PartWriter(this.dump.folder, `data-${String(++this.parts).padStart(4, "0")}.sql.gz`);
    part.write(PREAMBLE);
    this.open[this.turn] = part;
    return part;
  }

  private close(writer: PartWriter): void {
    const finished = writer.finish().then((file) => this.files.put(file));
    finished.catch(() => {});
    this.finishing.push(finished);
  }
}
