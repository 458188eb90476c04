import type { Command } from "commander";
import type { ExitCode } from "../exit-codes";
import type { Session } from "./session";

/** What a command has to say. */
export interface Outcome {
  /** For machines. */
  readonly report: object;
  /** For people; may be empty. */
  readonly text: string;
  /** @default 0 */
  readonly exitCode?: ExitCode;
}

/** Carries out the work of one command. */
export type Run = (command: Command, work: (session: Session) => Promise<Outcome>) => Promise<void>;
