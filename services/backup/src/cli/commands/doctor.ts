import { access, constants, mkdir, statfs } from "node:fs/promises";
import type { Command } from "commander";
import type { SiteFacts } from "../../databases/database";
import { warnOfLeftOut } from "../../databases/left-out";
import { exitCodeOf, WrongKey } from "../../errors";
import { EXIT, type ExitCode } from "../../exit-codes";
import { SigningKey } from "../../repository/signing";
import type { Run } from "../command";
import { ending } from "../help";
import { formatBytes } from "../output/format";
import type { Session } from "../session";

interface Check {
  readonly check: string;
  readonly ok: boolean;
  readonly message: string;
}

export function addDoctor(program: Command, run: Run): void {
  program
    .command("doctor")
    .summary("Check all that a snapshot needs.")
    .description("Check all that a snapshot needs, without making one: secrets, repository, database, files, scratch.")
    .addHelpText("after", ending(["moodle-backup doctor"], [EXIT.noRepository, EXIT.wrongKey]))
    .action((_, command: Command) => run(command, examine));
}

/** Every check is made, so that one run tells of all that is wrong. The first that fails gives the exit code. */
async function examine(session: Session) {
  const checks: Check[] = [];
  let exitCode: ExitCode = EXIT.success;
  const check = async (name: string, work: () => Promise<string>): Promise<void> => {
    try {
      checks.push({ check: name, ok: true, message: await work() });
    } catch (error) {
      session.world.signal.throwIfAborted();
      checks.push({ check: name, ok: false, message: (error as Error).message });
      if (exitCode === EXIT.success) exitCode = exitCodeOf(error);
    }
  };

  await check("store", async () => {
    const store = await session.store();
    const { versioned, lock } = await store.bucketState();
    const versions = versioned ? "keeps versions" : "keeps no versions";
    return `${store.name} ${versions}, ${lock === undefined ? "locks nothing" : `locks for ${lock.days} days (${lock.mode})`}`;
  });
  await check("repository", async () => {
    const { id, publicKey } = await session.operations.readRepository(await session.common());
    return `${id}, public key ${publicKey}`;
  });
  await check("signing key", () => checkKey(session));
  let site: SiteFacts | undefined;
  await check("database", async () => {
    site = await (await session.source()).preflight(session.world.signal);
    warnOfLeftOut(site, session.progress);
    return `${site.engine} ${site.engineVersion} with Moodle ${site.moodleRelease}`;
  });
  await check("files", async () => {
    const files = await session.files();
    if (site === undefined) throw new Error("not checked: the database says where Moodle has them");
    await files.preflight(site);
    return "there, and kept long enough for a snapshot";
  });
  await check("scratch", () => checkScratch(session.configuration.scratchDirectory));

  const text = checks.map(({ check: name, ok, message }) => `${ok ? "ok    " : "failed"}  ${name}: ${message}`);
  return { report: { checks }, text: text.join("\n"), exitCode };
}

async function checkKey(session: Session): Promise<string> {
  const { publicKey } = new SigningKey(session.signingSecret());
  const repository = await session.operations.readRepository(await session.common());
  if (publicKey === repository.publicKey) return "belongs to the repository";
  throw new WrongKey(`the signing secret belongs to the public key ${publicKey}, not to the repository's`);
}

async function checkScratch(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await access(folder, constants.W_OK);
  const { bavail, bsize } = await statfs(folder);
  return `${folder} has ${formatBytes(bavail * bsize)}`;
}
