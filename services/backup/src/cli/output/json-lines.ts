import type { Clock } from "../../clock";
import type { ProgressEvent } from "../../progress";
import type { Event } from "./events";
import { type Reporter, type Result, type Streams, Tally } from "./reporter";

/** Milliseconds between two lines about the progress of one phase. */
const INTERVAL = 1000;

type WithoutTime<E> = E extends unknown ? Omit<E, "time"> : never;

/** One JSON object a line on standard output: `events.ts` is their schema. */
export class JsonLinesReporter implements Reporter {
  private readonly phases = new Map<string, Tally & { saidAt?: number }>();

  constructor(
    private readonly streams: Streams,
    private readonly clock: Clock,
  ) {}

  readonly progress = (event: ProgressEvent): void => {
    switch (event.kind) {
      case "phase": {
        const { phase, objects, bytes } = event;
        this.phases.set(phase, new Tally({ objects, bytes }, this.clock.elapsed()));
        this.write({ event: "phase", phase, objects, bytes });
        return;
      }
      case "advance":
        this.advance(event);
        return;
      case "done": {
        const { objects, bytes } = this.tally(event.phase);
        this.phases.delete(event.phase);
        const { phase, milliseconds } = event;
        this.write({ event: "done", phase, objects, bytes, milliseconds });
        return;
      }
      case "warning":
      case "note":
        this.write({ event: event.kind, message: event.message, fields: event.fields });
        return;
    }
  };

  finish({ event }: Result): void {
    this.streams.stdout(`${JSON.stringify(event)}\n`);
  }

  private advance({ phase, objects, bytes }: Extract<ProgressEvent, { kind: "advance" }>): void {
    const tally = this.tally(phase);
    tally.add(objects, bytes);
    const now = this.clock.elapsed();
    if (now - (tally.saidAt ?? tally.startedAt) < INTERVAL) return;
    tally.saidAt = now;
    this.write({ event: "progress", phase, objects: tally.objects, bytes: tally.bytes });
  }

  private tally(phase: string): Tally & { saidAt?: number } {
    const known = this.phases.get(phase) ?? new Tally({}, this.clock.elapsed());
    this.phases.set(phase, known);
    return known;
  }

  private write({ event, ...rest }: WithoutTime<Event>): void {
    this.streams.stdout(`${JSON.stringify({ event, time: this.clock.now().toISOString(), ...rest })}\n`);
  }
}
