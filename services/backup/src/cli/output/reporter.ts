import type { Progress } from "../../progress";
import type { ResultEvent } from "./events";

/** How a command ended, for machines and for people. */
export interface Result {
  readonly event: ResultEvent;
  /** Lines for standard output; empty where there is nothing to say. */
  readonly text: string;
}

/** Says what a command does and how it ended. */
export interface Reporter {
  readonly progress: Progress;
  finish(result: Result): void;
}

/** Where a reporter writes to. */
export interface Streams {
  stdout(text: string): void;
  stderr(text: string): void;
}

/** What a phase has done so far. */
export class Tally {
  objects = 0;
  bytes = 0;

  constructor(
    readonly totals: { readonly objects?: number; readonly bytes?: number },
    readonly startedAt: number,
  ) {}

  add(objects: number, bytes: number): void {
    this.objects += objects;
    this.bytes += bytes;
  }
}
