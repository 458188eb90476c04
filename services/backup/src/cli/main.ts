#!/usr/bin/env node
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { setFlagsFromString } from "node:v8";
import { systemClock } from "../clock";
import { Interrupted } from "../errors";
import { EXIT } from "../exit-codes";
import { runProgram } from "./run";
import type { World } from "./world";

// Little is in use at any time, whatever the number of files; V8 would let four times as much gather before it frees it.
setFlagsFromString("--heap-growing-percent=60");

/** Whoever reads the output may have gone, as `head` does: that is no failure. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

/** The first signal asks the command to end, and gives back its lease; the second one ends it at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(EXIT.interrupted);
      controller.abort(new Interrupted());
    });
  }
  return controller.signal;
}

const world: World = {
  variables: process.env,
  stdout: (output) => process.stdout.write(output),
  stderr: (output) => process.stderr.write(output),
  isTerminal: process.stderr.isTTY === true,
  columns: () => process.stderr.columns ?? 80,
  clock: systemClock,
  signal: interruption(),
  operations: async () => (await import("./engine.js")).engine,
  writeFile: (path, content) => writeFileSync(path, content),
  execute: async (program, args, input = "") => {
    const child = spawn(program, [...args], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 1));
    });
    child.stdin.on("error", () => {}).end(input);
    const [output, exitCode] = await Promise.all([text(child.stdout), ended]);
    return { output, exitCode };
  },
};

void runProgram(process.argv.slice(2), world).then((exitCode) => {
  // A connection that is still open somewhere must not keep the program; what was written is written first.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
});
