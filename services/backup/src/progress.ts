/** The steps of a command, in the words of its documentation. */
export type Phase =
  | "preflight"
  | "pre-copy"
  | "dump"
  | "references"
  | "copy"
  | "lock"
  | "seal"
  | "mark"
  | "delete"
  | "check"
  | "read"
  | "restore-files"
  | "restore-database";

/** What a command says while it runs. Object names and hashes may appear, secrets never. */
export type ProgressEvent =
  /** A phase begins. Totals are unknown where they would cost a pass of their own. */
  | { readonly kind: "phase"; readonly phase: Phase; readonly objects?: number; readonly bytes?: number }
  /** Work done since the event before, in the phase named. Phases may overlap. */
  | { readonly kind: "advance"; readonly phase: Phase; readonly objects: number; readonly bytes: number }
  | { readonly kind: "done"; readonly phase: Phase; readonly milliseconds: number }
  /** The program goes on; somebody should look. */
  | { readonly kind: "warning"; readonly message: string; readonly fields?: EventFields }
  | { readonly kind: "note"; readonly message: string; readonly fields?: EventFields };

export type EventFields = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Takes events; must not throw, and must return at once. */
export type Progress = (event: ProgressEvent) => void;

export const silent: Progress = () => {};

/** Reports the beginning and the end of a phase. */
export async function timed<T>(progress: Progress, phase: Phase, work: () => Promise<T>): Promise<T> {
  progress({ kind: "phase", phase });
  const startedAt = performance.now();
  const result = await work();
  progress({ kind: "done", phase, milliseconds: Math.round(performance.now() - startedAt) });
  return result;
}
