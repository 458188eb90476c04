/** What a line says beside its message. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

type Severity = "INFO" | "WARNING" | "ERROR";

/** One JSON object a line on standard output. */
export class Log {
  constructor(private readonly write: (line: string) => void = (line) => process.stdout.write(line)) {}

  info(message: string, fields: Fields = {}): void {
    this.line("INFO", message, fields);
  }

  warning(message: string, fields: Fields = {}): void {
    this.line("WARNING", message, fields);
  }

  error(message: string, fields: Fields = {}): void {
    this.line("ERROR", message, fields);
  }

  private line(severity: Severity, message: string, fields: Fields): void {
    this.write(`${JSON.stringify({ time: new Date().toISOString(), severity, message, ...fields })}\n`);
  }
}

/** What may be said of an error. A refused connection to a name with several addresses has no message of its own. */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(describeError).join("; ");
  return error instanceof Error ? error.message : String(error);
}
