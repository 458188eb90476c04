import { type Command, CommanderError } from "commander";
import { loadConfiguration } from "../configuration/load";
import { BackupError, exitCodeOf, Interrupted } from "../errors";
import { EXIT, type ExitCode } from "../exit-codes";
import type { Outcome } from "./command";
import { Concealer } from "./conceal";
import { JsonLinesReporter } from "./output/json-lines";
import { errorLines, PlainReporter } from "./output/plain";
import type { Reporter, Streams } from "./output/reporter";
import { resultLine } from "./output/result-file";
import { TerminalReporter } from "./output/terminal";
import { createProgram } from "./program";
import { Session } from "./session";
import type { World } from "./world";

interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly resultFile?: string;
}

/** The whole program, from its arguments to its exit code. */
export async function runProgram(args: readonly string[], world: World): Promise<number> {
  let exitCode: number = EXIT.success;
  const program = createProgram(world, async (command, work) => {
    exitCode = await runCommand(command, work, world);
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // The text is out already: help, or what is wrong with the arguments.
    return error.exitCode === 0 ? EXIT.success : EXIT.misconfigured;
  }
}

async function runCommand(
  command: Command,
  work: (session: Session) => Promise<Outcome>,
  world: World,
): Promise<ExitCode> {
  const { config, json, resultFile } = command.optsWithGlobals<GlobalOptions>();
  const concealer = new Concealer();
  const streams: Streams = {
    stdout: (text) => world.stdout(concealer.conceal(text)),
    stderr: (text) => world.stderr(concealer.conceal(text)),
  };
  const reporter = createReporter(streams, world, json === true);
  const startedAt = world.clock.elapsed();
  const outcome = await attempt(async () => {
    const configuration = loadConfiguration(config, world.variables);
    const session = new Session(world, configuration, await world.operations(), reporter.progress, concealer);
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  }, world.signal);
  const exitCode = "error" in outcome ? exitCodeOf(outcome.error) : (outcome.exitCode ?? EXIT.success);
  const event = {
    event: "result",
    time: world.clock.now().toISOString(),
    command: command.name(),
    exitCode,
    seconds: Math.round((world.clock.elapsed() - startedAt) / 100) / 10,
    ...("error" in outcome
      ? { error: { name: nameOf(outcome.error), message: describeError(outcome.error) } }
      : { report: { ...outcome.report } }),
  } as const;
  reporter.finish({ event, text: "error" in outcome ? "" : outcome.text });
  if (resultFile === undefined) return exitCode;
  try {
    world.writeFile(resultFile, `${concealer.conceal(resultLine(event))}\n`);
    return exitCode;
  } catch (error) {
    streams.stderr(errorLines(`the result could not be written: ${(error as Error).message}`));
    return exitCode === EXIT.success ? EXIT.failed : exitCode;
  }
}

async function attempt(work: () => Promise<Outcome>, signal: AbortSignal): Promise<Outcome | { error: unknown }> {
  try {
    return await work();
  } catch (error) {
    return { error: signal.aborted && !(error instanceof BackupError) ? new Interrupted() : error };
  }
}

function createReporter(streams: Streams, world: World, json: boolean): Reporter {
  if (json) return new JsonLinesReporter(streams, world.clock);
  return world.isTerminal
    ? new TerminalReporter(streams, world.clock, () => world.columns())
    : new PlainReporter(streams);
}

/**
 * What may be said of an error: its message, and the code of one that the program did not foresee. Its other properties
 * hold statements, requests and answers. A refused connection to a name with several addresses is an `AggregateError`
 * without a message of its own.
 */
function describeError(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(describeError).join("; ");
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "Error";
}
