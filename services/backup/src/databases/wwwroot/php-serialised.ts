/**
 * Rewrites the strings in a value of PHP's `serialize()`, with their lengths in bytes. Nothing where the text is no such
 * value, or holds objects that serialise themselves (`C:`), whose content only their class understands.
 * https://www.php.net/manual/en/function.serialize.php
 */
export function rewriteSerialised(value: string, rewrite: (text: string) => string): string | undefined {
  try {
    const reader = new Reader(Buffer.from(value, "utf8"), rewrite);
    const result = reader.value();
    reader.expectEnd();
    return result;
  } catch (error) {
    if (error instanceof NotSerialised) return undefined;
    throw error;
  }
}

class NotSerialised extends Error {}

class Reader {
  private at = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly rewrite: (text: string) => string,
  ) {}

  value(): string {
    const type = String.fromCharCode(this.bytes[this.at] ?? 0);
    switch (type) {
      case "N":
        return this.literal("N;");
      case "b":
      case "i":
      case "d":
      case "r":
      case "R":
        return this.through(";");
      case "s": {
        const text = this.rewrite(this.string("s:"));
        this.literal(";");
        return `s:${Buffer.byteLength(text)}:"${text}";`;
      }
      case "E": {
        const text = this.string("E:");
        this.literal(";");
        return `E:${Buffer.byteLength(text)}:"${text}";`;
      }
      case "a":
        this.literal("a:");
        return `a:${this.members(this.count())}`;
      case "O": {
        const name = this.string("O:");
        this.literal(":");
        return `O:${Buffer.byteLength(name)}:"${name}":${this.members(this.count())}`;
      }
      default:
        throw new NotSerialised();
    }
  }

  expectEnd(): void {
    if (this.at !== this.bytes.length) throw new NotSerialised();
  }

  /** Keys are names, not texts: they stay. */
  private members(count: number): string {
    this.literal("{");
    let result = `${count}:{`;
    for (let member = 0; member < count; member++) {
      const start = this.at;
      if (String.fromCharCode(this.bytes[start] ?? 0) === "s") {
        this.string("s:");
        this.literal(";");
      } else {
        this.through(";");
      }
      result += this.bytes.toString("utf8", start, this.at);
      result += this.value();
    }
    this.literal("}");
    return `${result}}`;
  }

  private count(): number {
    const end = this.bytes.indexOf(":", this.at);
    const digits = end === -1 ? "" : this.bytes.toString("latin1", this.at, end);
    if (!/^\d{1,9}$/.test(digits)) throw new NotSerialised();
    this.at = end + 1;
    return Number(digits);
  }

  private string(prefix: string): string {
    this.literal(prefix);
    const length = this.count();
    this.literal('"');
    const text = this.bytes.toString("utf8", this.at, this.at + length);
    // A length that ends within a character would be another after rewriting.
    if (Buffer.byteLength(text) !== length) throw new NotSerialised();
    this.at += length;
    this.literal('"');
    return text;
  }

  private literal(text: string): string {
    if (this.bytes.toString("latin1", this.at, this.at + text.length) !== text) throw new NotSerialised();
    this.at += text.length;
    return text;
  }

  private through(end: string): string {
    const at = this.bytes.indexOf(end, this.at);
    if (at === -1 || at - this.at > 64) throw new NotSerialised();
    const text = this.bytes.toString("latin1", this.at, at + 1);
    this.at = at + 1;
    return text;
  }
}
