import { setFlagsFromString } from "node:v8";

/** Runs what is over in a second without what pays only in longer runs (docs/adr/0006-cost-of-synthesis.md). */
export async function asShortRun(run: () => Promise<void>): Promise<void> {
  // Before version 12, V8 compiles for speed what is called too seldom to repay it. Node 20 has 11.3.
  if (Number.parseInt(process.versions.v8, 10) < 12) setFlagsFromString("--interrupt-budget=1000000");
  // cdktf records every frame of the stack at the birth of every token, for one line in a rare error of its own.
  // Errors keep their stack traces.
  const { captureStackTrace } = Error;
  Error.captureStackTrace = () => undefined;
  try {
    await run();
  } finally {
    Error.captureStackTrace = captureStackTrace;
  }
}
