import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { DatabaseError } from "./failure";

/** Characters of a tool's messages that are kept, from their end. */
const KEPT = 20_000;

/** Milliseconds between asking a tool to end and ending it. */
const PATIENCE = 10_000;

export interface ToolOptions {
  /** Beside a minimum of the program's own: its cloud credentials are none of the tool's business. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Called with each line of the tool's messages. */
  readonly onMessage?: (line: string) => void;
  /** Folder to run in. */
  readonly folder?: string;
}

/** A program of the database ended with an exit code other than 0. */
export class ToolFailed extends Error {
  override readonly name = "ToolFailed";

  constructor(
    readonly command: string,
    readonly ending: string,
    /** What it wrote to standard error. May quote statements and data: never to be shown. */
    readonly messages: string,
  ) {
    super(`${command} ended with ${ending}`);
  }
}

/** A program of the database while it runs. It ends with this process's signal, never by its name. */
export class Tool {
  private readonly child: ChildProcess;
  private messages = "";
  /** Resolves when it has ended well. Throws `ToolFailed`, the reason of the signal, or a `DatabaseError` where there is no such program. */
  readonly ended: Promise<void>;

  constructor(
    private readonly command: string,
    args: readonly string[],
    private readonly options: ToolOptions = {},
  ) {
    const { PATH, LD_LIBRARY_PATH, TMPDIR } = process.env;
    this.child = spawn(command, [...args], {
      // Messages in English, whatever the machine speaks: they are matched.
      env: definedOnly({ PATH, LD_LIBRARY_PATH, TMPDIR, LC_ALL: "C", HOME: "/nonexistent", ...options.environment }),
      stdio: ["pipe", "pipe", "pipe"],
      cwd: options.folder,
    });
    this.child.stdin?.on("error", () => {});
    this.ended = this.watch();
    this.ended.catch(() => {});
  }

  get input(): Writable {
    return pipeOf(this.child.stdin);
  }

  get output(): Readable {
    return pipeOf(this.child.stdout);
  }

  /** Asks it to end. */
  stop(): void {
    this.child.kill("SIGTERM");
    setTimeout(() => this.child.kill("SIGKILL"), PATIENCE).unref();
  }

  private async watch(): Promise<void> {
    const { signal, onMessage } = this.options;
    const stop = () => this.stop();
    const lines = createInterface({ input: pipeOf(this.child.stderr) });
    lines.on("line", (line) => {
      this.messages = `${this.messages}${line}\n`.slice(-KEPT);
      onMessage?.(line);
    });
    signal?.addEventListener("abort", stop, { once: true });
    try {
      if (signal?.aborted) stop();
      const ending = await new Promise<string>((resolve, reject) => {
        this.child.once("error", reject);
        this.child.once("close", (code, killedBy) => resolve(code === 0 ? "" : (killedBy ?? `exit code ${code}`)));
      });
      signal?.throwIfAborted();
      if (ending !== "") throw new ToolFailed(this.command, ending, this.messages);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      throw new DatabaseError("tool", `${this.command} is not installed; install the database's client programs`);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }
}

/** Runs a program to its end. */
export async function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  const tool = new Tool(command, args, options);
  tool.input.end();
  const chunks: Buffer[] = [];
  for await (const chunk of tool.output) chunks.push(chunk);
  await tool.ended;
  return Buffer.concat(chunks).toString("utf8");
}

/** The program's version, such as `15.18`. */
export async function toolVersion(command: string): Promise<{ readonly version: string; readonly text: string }> {
  const text = await runTool(command, ["--version"]);
  const version = /(\d+\.\d+[\d.]*)(?=-MariaDB)|(?:Ver|\(PostgreSQL\)) (\d+[\d.]*)/.exec(text);
  return { text, version: version?.[1] ?? version?.[2] ?? "" };
}

/** Files that only this process's user can read, for the time of `use`. They may name each other by `path`. */
export async function withPrivateFiles<T>(
  files: (path: (name: string) => string) => Readonly<Record<string, string>>,
  use: (path: (name: string) => string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "moodle-backup-"));
  const path = (name: string) => join(folder, name);
  try {
    for (const [name, content] of Object.entries(files(path))) await writeFile(path(name), content, { mode: 0o600 });
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function pipeOf<T>(stream: T | null): T {
  if (stream === null) throw new Error("the tool was started without this pipe");
  return stream;
}

function definedOnly(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
