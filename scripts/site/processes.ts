import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A server of the site. */
export interface Service {
  /** Also names its log. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Upon which it ends in good order. */
  readonly stopSignal: "SIGINT" | "SIGTERM" | "SIGQUIT";
  /** Throws until it serves. @default serves as soon as it runs */
  readonly probe?: () => Promise<unknown>;
}

/** A process that nothing else can be mistaken for: a process id is given again, but not with the same start. */
interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  /** Clock ticks after boot, see proc(5). */
  readonly start: string;
  readonly stopSignal: Service["stopSignal"];
}

/** Seconds in which a server must serve. */
const START_TIMEOUT = 60;
/** Seconds in which a server must end before it is killed. */
const STOP_TIMEOUT = 60;

/**
 * The site's processes, on record in its folder from the moment they start: a later command finds and ends them, even
 * where the one that started them was killed.
 */
export class Processes {
  private readonly file: string;

  constructor(
    private readonly folder: string,
    private readonly logs: string,
  ) {
    this.file = join(folder, "processes.json");
  }

  /** Those that run, in the order in which they were started. */
  running(): ProcessRecord[] {
    return this.read().filter(isAlive);
  }

  /** Ids of all processes of these services, those among them that have ended and that their parent has not heard of. */
  members(names: readonly string[]): number[] {
    return this.running()
      .filter(({ name }) => names.includes(name))
      .flatMap((record) => session(record, statOf));
  }

  /** Starts the service apart from this process, and waits until it serves, or until `signal` calls it off. */
  async start(service: Service, signal: AbortSignal): Promise<void> {
    const { record } = await this.spawn(service, signal);
    const { name } = service;
    const deadline = Date.now() + START_TIMEOUT * 1000;
    for (let reason = "it has not answered"; ; await sleep(100, undefined, { signal })) {
      if (!isAlive(record)) throw new Error(`${name} ended as soon as it had started:\n${this.tail(name)}`);
      try {
        await service.probe?.();
        return;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
      if (Date.now() > deadline) {
        throw new Error(`${name} does not serve after ${START_TIMEOUT} seconds: ${reason}\n${this.tail(name)}`);
      }
    }
  }

  /** Runs the service to its end, which must be a good one. */
  async run(service: Service, signal: AbortSignal): Promise<void> {
    const { child, record } = await this.spawn(service, signal);
    const stop = () => send(service.stopSignal, record.pid);
    signal.addEventListener("abort", stop);
    child.ref();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    signal.removeEventListener("abort", stop);
    if (child.exitCode === 0) return;
    const how = child.exitCode === null ? `by ${child.signalCode}` : `with exit code ${child.exitCode}`;
    throw new Error(`${service.name} ended ${how}:\n${this.tail(service.name)}`);
  }

  /** Ends all, last started first, or those of these names. */
  async stop(names?: readonly string[]): Promise<void> {
    for (const record of this.running().reverse()) {
      if (names !== undefined && !names.includes(record.name)) continue;
      await end(record);
      this.write(this.running());
    }
    if (this.running().length === 0) rmSync(this.file, { force: true });
  }

  logFile(name: string): string {
    return join(this.logs, `${name}.log`);
  }

  /** The last lines that a server wrote. */
  tail(name: string, lines = 20): string {
    const text = readFileSync(this.logFile(name), "utf8").trimEnd();
    return text.split("\n").slice(-lines).join("\n");
  }

  /** Starts a process in a session of its own and puts it on record. */
  private async spawn({ name, command, args, environment, stopSignal }: Service, signal: AbortSignal) {
    signal.throwIfAborted();
    mkdirSync(this.logs, { recursive: true });
    const log = openSync(this.logFile(name), "a");
    const child = spawn(command, [...args], {
      cwd: this.folder,
      env: environment ?? { PATH: process.env.PATH },
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    const failure = new Promise<Error>((resolve) => child.once("error", resolve));
    if (child.pid === undefined) throw new Error(`${name} cannot be started: ${(await failure).message}`);
    child.unref();
    const record = { name, pid: child.pid, start: startOf(child.pid) ?? "", stopSignal };
    this.write([...this.running(), record]);
    return { child, record };
  }

  private read(): ProcessRecord[] {
    try {
      return JSON.parse(readFileSync(this.file, "utf8"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  private write(records: readonly ProcessRecord[]): void {
    writeFileSync(`${this.file}.new`, JSON.stringify(records, null, 2));
    renameSync(`${this.file}.new`, this.file);
  }
}

/** Asks the server to end, and waits; then kills it and what it has left behind. */
async function end(record: ProcessRecord): Promise<void> {
  send(record.stopSignal, record.pid);
  const deadline = Date.now() + STOP_TIMEOUT * 1000;
  while (startOf(record.pid) === record.start && Date.now() < deadline) await sleep(50);
  while (isAlive(record)) {
    for (const pid of session(record)) send("SIGKILL", pid);
    await sleep(50);
  }
}

function isAlive(record: ProcessRecord): boolean {
  return session(record).length > 0;
}

/**
 * The process and those it started, which outlive it where it was killed. Started apart, it leads a session of its own,
 * whose number no other process gets while one of them lives. PHP-FPM makes one more, below it.
 */
function session({ pid, start }: ProcessRecord, status = statusOf): number[] {
  const leader = statusOf(pid);
  if (leader !== undefined && leader.start !== start) return [];
  const parents = new Map<number, number>();
  const members = new Set<number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const found = status(Number(name));
    if (found === undefined) continue;
    parents.set(Number(name), found.parent);
    if (found.session === pid) members.add(Number(name));
  }
  const isBelow = (process: number | undefined): boolean =>
    process !== undefined && (members.has(process) || isBelow(parents.get(process)));
  return [...parents.keys()].filter(isBelow);
}

/** When a process started, in clock ticks after boot; nothing where it has ended. */
export function startOf(pid: number): string | undefined {
  return statusOf(pid)?.start;
}

/** Nothing where it has ended, heard of or not. */
function statusOf(pid: number): Stat | undefined {
  const stat = statOf(pid);
  return stat?.state === "Z" ? undefined : stat;
}

interface Stat {
  readonly state: string | undefined;
  readonly parent: number;
  readonly session: number;
  readonly start: string;
}

function statOf(pid: number): Stat | undefined {
  const fields = statFields(pid);
  const [state, parent, session, start] = [fields[0], fields[1], fields[3], fields[19]];
  return start === undefined ? undefined : { state, parent: Number(parent), session: Number(session), start };
}

/** Fields of proc(5)'s stat from the third, `state`, on; none where the process has ended and its parent has heard of it. */
export function statFields(pid: number): string[] {
  try {
    // The name of the program, in parentheses, may hold spaces and parentheses itself.
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
  } catch {
    return [];
  }
}

function send(name: NodeJS.Signals, pid: number): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
