/** Loaded before a program that is measured: at its end, writes what it has used to the file that BENCH_USAGE names. */
import { writeFileSync } from "node:fs";

process.on("exit", () => {
  const { BENCH_USAGE } = process.env;
  if (BENCH_USAGE !== undefined) writeFileSync(BENCH_USAGE, JSON.stringify(process.resourceUsage()));
});
