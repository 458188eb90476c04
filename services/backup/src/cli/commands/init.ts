import type { Command } from "commander";
import { EXIT } from "../../exit-codes";
import type { Run } from "../command";
import { ending } from "../help";

export function addInit(program: Command, run: Run): void {
  program
    .command("init")
    .summary("Make a repository.")
    .description("Make a repository in an empty bucket or folder. One that is there already stays as it is.")
    .addHelpText("after", ending(["moodle-backup init"], [EXIT.wrongKey]))
    .action((_, command: Command) =>
      run(command, async (session) => {
        const { operations, world } = session;
        const store = await session.store();
        const { id, publicKey } = await operations.initialise(store, session.signingSecret(), world.clock.now());
        return {
          report: { repository: id, publicKey, store: store.name },
          text: `${store.name} is repository ${id}\npublic key ${publicKey}`,
        };
      }),
    );
}
