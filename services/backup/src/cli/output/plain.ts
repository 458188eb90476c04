import type { ProgressEvent } from "../../progress";
import type { Reporter, Result, Streams } from "./reporter";

/** For files and pipes: the result, and before it only what somebody should look at. */
export class PlainReporter implements Reporter {
  constructor(private readonly streams: Streams) {}

  readonly progress = (event: ProgressEvent): void => {
    if (event.kind === "warning") this.streams.stderr(`warning: ${event.message}\n`);
  };

  finish({ event, text }: Result): void {
    if (text !== "") this.streams.stdout(`${text}\n`);
    if (event.error !== undefined) this.streams.stderr(errorLines(event.error.message));
  }
}

/** An error as people read it: each of its lines tells of one fault. */
export function errorLines(message: string): string {
  return message.replaceAll(/^/gm, "moodle-backup: ").concat("\n");
}
