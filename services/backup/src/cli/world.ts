import type { Clock } from "../clock";
import type { Operations } from "./operations";
import type { Streams } from "./output/reporter";

/** What the command line stands on; tests have their own. */
export interface World extends Streams {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Whether a person watches standard error. */
  readonly isTerminal: boolean;
  /** Width of that terminal. */
  columns(): number;
  readonly clock: Clock;
  /** Aborted on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** What commands do. Loaded when one runs: the clients of clouds and databases take half a second. */
  operations(): Promise<Operations>;
  writeFile(path: string, content: string): void;
  /** Runs a program with `input`; gives its standard output and how it ended. */
  execute(program: string, args: readonly string[], input?: string): Promise<{ output: string; exitCode: number }>;
}
