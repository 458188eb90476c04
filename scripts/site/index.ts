/**
 * `npm run site -- up|down|status|logs|exec`: a Moodle site on this machine, without containers, from the very files of
 * images/moodle: docs/how-to/one-machine.md.
 */
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { checkUp, execute, status, up } from "./commands";
import { locked } from "./lock";
import { type Sources, siteOptions, sources } from "./options";
import { Site } from "./site";
import { enter } from "./user";

const USAGE = `usage: npm run site -- [--folder build/site] COMMAND

  up [--database postgresql|mariadb] [--port 8080]
                 installs or upgrades Moodle and starts the site; MOODLE_SRC names Moodle's code, MOODLE_PLUGINS a
                 folder of plugins, each in a folder named by its component, as tool_objectfs
  down           stops it; its data stay in the folder
  status         what runs, and whether it serves
  logs [NAME]    the last lines of every log, or of one
  exec COMMAND   a command in Moodle's folder and environment: exec moodle php admin/cli/purge_caches.php

docs/how-to/one-machine.md has an example of each.`;

/** Lines of a log that `logs` shows. */
const LOG_LINES = 40;

async function main(): Promise<void> {
  // What follows exec is another program's.
  const [own, program] = split(process.argv.slice(2), "exec");
  const { values, positionals } = parse(own);
  const [command, name] = positionals;
  if (values.help) return console.log(USAGE);
  const options = siteOptions(values);
  if (command === "up") {
    const from = sources(process.env);
    enter(options.folder);
    return start(new Site(options), from);
  }
  if (!["down", "status", "logs", "exec"].includes(command ?? "")) throw new Error(USAGE);
  const site = Site.open(options.folder);
  if (site === undefined) throw new Error(`there is no site in ${options.folder}: npm run site -- up makes one`);
  enter(options.folder);
  if (command === "down") await locked(options.folder, () => site.processes.stop());
  if (command === "status") process.exitCode = (await status(site, console.log)) ? 0 : 1;
  if (command === "logs") logs(site, name);
  if (command === "exec") process.exitCode = await execute(site, program);
}

function parse(args: string[]) {
  const text = { type: "string" } as const;
  const options = { folder: text, port: text, database: text, help: { type: "boolean" } } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    // Node's own message names the option.
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

async function start(site: Site, from: Sources): Promise<void> {
  const calledOff = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => calledOff.abort());
  await locked(site.options.folder, async () => {
    checkUp(site);
    try {
      await up(site, from, console.log, calledOff.signal);
    } catch (error) {
      await site.processes.stop();
      throw error;
    }
  });
  const password = site.path("secrets/administrator/adminPassword");
  console.log(`http://localhost:${site.ports.site}, user admin, password in ${password}`);
}

function logs(site: Site, name?: string): void {
  const logged = readdirSync(site.path("log")).map((file) => file.replace(/\.log$/, ""));
  if (name !== undefined && !logged.includes(name))
    throw new Error(`no log of ${name}: there are ${logged.join(", ")}`);
  for (const each of name === undefined ? logged : [name])
    console.log(`== ${each}\n${site.processes.tail(each, LOG_LINES)}`);
}

/** What comes up to and including `word`, and what follows it. */
function split(words: readonly string[], word: string): [string[], string[]] {
  const end = words.includes(word) ? words.indexOf(word) + 1 : words.length;
  return [words.slice(0, end), words.slice(end)];
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
