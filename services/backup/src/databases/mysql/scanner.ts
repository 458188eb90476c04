/** What a scanner tells of a dump, in the order of its text. */
export interface DumpListener {
  /** Text outside of `INSERT` statements. */
  schema(text: Buffer): void;
  /** An `INSERT` begins; its columns are known by name. Returns which of them `row` is to get. */
  insert(table: string, columns: readonly string[]): readonly string[];
  /** Text of that statement, to its semicolon. */
  data(text: Buffer): void;
  /** A row ends. Values as they are written, without the quotes; only of the columns that were asked for. */
  row(values: readonly string[]): void;
  /** The statement has ended. */
  insertEnd(): void;
}

const INSERT = Buffer.from("INSERT INTO `");
const NEWLINE = 0x0a;
const QUOTE = 0x27;
const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;
const END = 0x3b;
const BACKSLASH = 0x5c;

/**
 * Reads the output of `mysqldump` or `mariadb-dump`, made with `--complete-insert --hex-blob`, as it streams by: tells
 * statements that fill tables from all others, and counts rows. Both programs escape line feeds in values, so a
 * statement begins where a line begins.
 */
export class DumpScanner {
  private state: "line" | "schema" | "header" | "values" | "tail" = "line";
  /** Beginning of a line, or header of a statement, that is not complete yet. */
  private pending: Buffer = Buffer.alloc(0);
  private inString = false;
  private inRow = false;
  private escaped = false;
  /** Column of the value, and which of the wanted ones it is; -1 for none. */
  private column = 0;
  private wanted: readonly number[] = [];
  private slot = -1;
  private values: string[] = [];

  constructor(private readonly listener: DumpListener) {}

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.step(rest);
  }

  /** Throws where the text ends within a statement. */
  end(): void {
    if (this.state === "line" && this.pending.length > 0) this.listener.schema(this.pending);
    if (this.state === "header" || this.state === "values") throw new Error("the dump ends within a statement");
  }

  private step(chunk: Buffer): Buffer {
    switch (this.state) {
      case "line":
        return this.beginLine(chunk);
      case "header":
        return this.readHeader(chunk);
      case "values":
        return this.readValues(chunk);
      case "schema":
      case "tail": {
        const end = chunk.indexOf(NEWLINE) + 1;
        const text = end === 0 ? chunk : chunk.subarray(0, end);
        if (this.state === "schema") this.listener.schema(text);
        if (end > 0) this.state = "line";
        return chunk.subarray(text.length);
      }
    }
  }

  private beginLine(chunk: Buffer): Buffer {
    const text = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    this.pending = Buffer.alloc(0);
    const length = Math.min(text.length, INSERT.length);
    const isInsert = text.compare(INSERT, 0, length, 0, length) === 0;
    if (isInsert && length < INSERT.length) {
      this.pending = Buffer.from(text);
      return Buffer.alloc(0);
    }
    this.state = isInsert ? "header" : "schema";
    return text;
  }

  /** Up to and with `VALUES`. */
  private readHeader(chunk: Buffer): Buffer {
    const text = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const marker = ") VALUES";
    const at = text.indexOf(marker);
    if (at === -1) {
      this.pending = Buffer.from(text);
      return Buffer.alloc(0);
    }
    this.pending = Buffer.alloc(0);
    const header = text.subarray(0, at + marker.length);
    const [table = "", ...columns] = [...header.toString("utf8").matchAll(/`((?:[^`]|``)*)`/g)].map(([, name = ""]) =>
      name.replaceAll("``", "`"),
    );
    this.wanted = this.listener.insert(table, columns).map((name) => columns.indexOf(name));
    this.listener.data(header);
    this.state = "values";
    return text.subarray(header.length);
  }

  /** The rows, to the end of the statement. This loop sees every byte of the data. */
  private readValues(chunk: Buffer): Buffer {
    const { length } = chunk;
    let { inString, inRow, escaped } = this;
    let valueStart = this.slot === -1 ? -1 : 0;
    let at = 0;
    for (; at < length; at++) {
      const byte = chunk[at];
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) {
        inString = true;
      } else if (inRow) {
        if (byte !== COMMA && byte !== CLOSE) continue;
        if (valueStart !== -1) this.addValue(chunk, valueStart, at);
        valueStart = -1;
        if (byte === CLOSE) {
          inRow = false;
          this.listener.row(this.values);
        } else if (this.wanted.length > 0) {
          this.column++;
          this.slot = this.wanted.indexOf(this.column);
          if (this.slot !== -1) valueStart = at + 1;
        }
      } else if (byte === OPEN) {
        inRow = true;
        this.column = 0;
        if (this.wanted.length > 0) {
          this.values = this.wanted.map(() => "");
          this.slot = this.wanted.indexOf(0);
          if (this.slot !== -1) valueStart = at + 1;
        }
      } else if (byte === END) {
        return this.endStatement(chunk, at + 1);
      }
    }
    if (valueStart !== -1) this.addPart(chunk, valueStart, length);
    this.inString = inString;
    this.inRow = inRow;
    this.escaped = escaped;
    this.listener.data(chunk);
    return chunk.subarray(length);
  }

  private endStatement(chunk: Buffer, end: number): Buffer {
    this.inString = false;
    this.inRow = false;
    this.slot = -1;
    this.listener.data(chunk.subarray(0, end));
    this.listener.insertEnd();
    this.state = "tail";
    return chunk.subarray(end);
  }

  private addValue(chunk: Buffer, start: number, end: number): void {
    this.addPart(chunk, start, end);
    const value = (this.values[this.slot] ?? "").trim();
    this.values[this.slot] = value.startsWith("'") ? value.slice(1, -1) : value;
    this.slot = -1;
  }

  private addPart(chunk: Buffer, start: number, end: number): void {
    this.values[this.slot] += chunk.toString("latin1", start, end);
  }
}
