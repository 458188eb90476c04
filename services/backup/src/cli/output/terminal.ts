import type { Clock } from "../../clock";
import type { ProgressEvent } from "../../progress";
import { formatBytes, formatCount, formatSeconds } from "./format";
import { PlainReporter } from "./plain";
import { type Reporter, type Result, type Streams, Tally } from "./reporter";

/** Milliseconds between two drawings. */
const INTERVAL = 100;
const BAR = 20;
const CLEAR_LINE = "\r\u001b[2K";

/** For people who watch: one line on standard error that is drawn anew, and what the plain reporter says. */
export class TerminalReporter implements Reporter {
  private readonly plain: PlainReporter;
  private readonly phases = new Map<string, Tally>();
  private drawnAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly streams: Streams,
    private readonly clock: Clock,
    private readonly columns: () => number,
  ) {
    this.plain = new PlainReporter(streams);
  }

  readonly progress = (event: ProgressEvent): void => {
    switch (event.kind) {
      case "phase":
        this.phases.set(event.phase, new Tally(event, this.clock.elapsed()));
        this.draw();
        return;
      case "advance":
        this.phases.get(event.phase)?.add(event.objects, event.bytes);
        if (this.clock.elapsed() - this.drawnAt >= INTERVAL) this.draw();
        return;
      case "done":
        this.phases.delete(event.phase);
        this.draw();
        return;
      case "warning":
      case "note":
        this.streams.stderr(CLEAR_LINE);
        if (event.kind === "note") this.streams.stderr(`${event.message}\n`);
        else this.plain.progress(event);
        this.draw();
        return;
    }
  };

  finish(result: Result): void {
    this.streams.stderr(CLEAR_LINE);
    this.plain.finish(result);
  }

  private draw(): void {
    this.drawnAt = this.clock.elapsed();
    const line = [...this.phases].map(([phase, tally]) => this.describe(phase, tally)).join("  |  ");
    this.streams.stderr(`${CLEAR_LINE}${line.slice(0, this.columns() - 1)}`);
  }

  private describe(phase: string, { totals, objects, bytes, startedAt }: Tally): string {
    const parts = [phase];
    const share = shareDone({ objects, bytes }, totals);
    if (share !== undefined) parts.push(`[${"#".repeat(Math.round(share * BAR)).padEnd(BAR, ".")}]`);
    const of = totals.objects === undefined ? "" : `/${formatCount(totals.objects)}`;
    if (objects > 0 || of !== "") parts.push(`${formatCount(objects)}${of}`);
    if (bytes > 0) parts.push(formatBytes(bytes));
    parts.push(formatSeconds(Math.floor((this.clock.elapsed() - startedAt) / 1000)));
    return parts.join(" ");
  }
}

/** By bytes where they are known: files differ in size. */
function shareDone(
  done: { readonly objects: number; readonly bytes: number },
  totals: { readonly objects?: number; readonly bytes?: number },
): number | undefined {
  const unit = totals.bytes ? "bytes" : "objects";
  const total = totals[unit];
  return total ? Math.min(done[unit] / total, 1) : undefined;
}
