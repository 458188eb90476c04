/** What a line says beside its message. */
export type Fields = Readonly<Record<string, string | number | boolean | readonly string[]>>;

type Severity = "INFO" | "WARNING" | "ERROR";

/**
 * One JSON object a line on standard output. Secrets are told to it before they are used, and it never writes them: a
 * server's error message may quote the statement that it refuses.
 */
export class Log {
  private readonly secrets = new Set<string>();

  constructor(private readonly write: (line: string) => void = (line) => process.stdout.write(line)) {}

  /**
   * Blots out `secret` from now on, as it is and as JSON and URLs write it. One of fewer than 8 characters is no secret,
   * and would blot out half of the log.
   */
  conceal(secret: string): void {
    if (secret.length < 8) return;
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
      this.secrets.add(form);
  }

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
    let line = JSON.stringify({ time: new Date().toISOString(), severity, message, ...fields });
    for (const secret of this.secrets) line = line.replaceAll(secret, "[concealed]");
    this.write(`${line}\n`);
  }
}

/**
 * What may be said of an error: its code and message. Its other properties hold statements, requests and answers.
 * A refused connection to a name with several addresses is an `AggregateError` without a message of its own.
 */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(describeError).join("; ");
  if (!(error instanceof Error)) return String(error);
  const code = errorCode(error);
  return code === undefined || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}

/** The code that Node, a database driver or a cloud's client puts on its errors. */
export function errorCode(error: unknown): string | undefined {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === "string" || typeof code === "number") return String(code);
  return typeof name === "string" && name !== "Error" && name !== "TypeError" ? name : undefined;
}
