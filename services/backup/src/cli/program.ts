import { Command } from "commander";
import { DEFAULT_PATH } from "../configuration/load";
import { PREFIX } from "../configuration/variables";
import { EXIT, type ExitCode } from "../exit-codes";
import { PROGRAM } from "../version";
import type { Run } from "./command";
import { addCompletion } from "./commands/completion";
import { addDoctor } from "./commands/doctor";
import { addDrill, addRequireDrill } from "./commands/drill";
import { addInit } from "./commands/init";
import { addList } from "./commands/list";
import { addMetrics } from "./commands/metrics";
import { addPrune } from "./commands/prune";
import { addRestore } from "./commands/restore";
import { addSchedule } from "./commands/schedule";
import { addShow } from "./commands/show";
import { addSnapshot } from "./commands/snapshot";
import { addUnlock } from "./commands/unlock";
import { addVerify } from "./commands/verify";
import { ending } from "./help";
import { errorLines } from "./output/plain";
import type { World } from "./world";

/** The command tree. `run` carries out what a command does. */
export function createProgram(world: World, run: Run): Command {
  const program = new Command("moodle-backup")
    .description("Back up a Moodle site, database and files together, and prove that it can be restored.")
    .version(PROGRAM, "--version", "print name and version")
    .option("--config <file>", "configuration, JSON or YAML")
    .option("--json", "print one JSON object a line, the last one being the result")
    .option("--result-file <file>", "write the result's line there as well, in up to 4096 bytes")
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => world.stdout(text),
      writeErr: (text) => world.stderr(text),
      outputError: (text) => world.stderr(errorLines(explain(text))),
    })
    .exitOverride()
    .addHelpText(
      "after",
      [
        "",
        "Configuration:",
        "  the file of --config, or the one that MOODLE_BACKUP_CONFIG names, or",
        `  ${DEFAULT_PATH}; over it variables such as`,
        `  ${PREFIX}DATABASE__HOST. Secrets are files that it names.`,
        ending(
          ["moodle-backup doctor", "moodle-backup snapshot", "moodle-backup list", "moodle-backup restore latest"],
          Object.values(EXIT) as ExitCode[],
        ),
      ].join("\n"),
    );
  addInit(program, run);
  addSnapshot(program, run);
  addList(program, run);
  addShow(program, run);
  addVerify(program, run);
  addRestore(program, run);
  addPrune(program, run);
  addDrill(program, run);
  addRequireDrill(program, run);
  addUnlock(program, run);
  addDoctor(program, run);
  addMetrics(program, run);
  addSchedule(program, run);
  addCompletion(program, world);
  return program;
}

/** Commander's words, without a value that may be a secret. */
function explain(text: string): string {
  const message = text.trim().replace(/^error: /, "");
  const option = /^unknown option '(--?[A-Za-z0-9-]*)/.exec(message)?.[1];
  if (option === undefined) return message;
  const remedy = /pass|secret|token|key/i.test(option)
    ? "secrets are read from files that the configuration names, never from the command line"
    : "--help lists the options";
  return `unknown option ${option}; ${remedy}`;
}
