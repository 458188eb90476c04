import type { Command } from "commander";
import { EXIT } from "../../exit-codes";
import type { Run } from "../command";
import { ending } from "../help";

export function addUnlock(program: Command, run: Run): void {
  program
    .command("unlock")
    .summary("End the lease of a dead run.")
    .description("End the lease of a run that is known to be dead. Without it, the lease runs out by itself.")
    .addHelpText("after", ending(["moodle-backup unlock"], [EXIT.noRepository]))
    .action((_, command: Command) =>
      run(command, async (session) => {
        const held = await session.operations.breakLease(await session.common());
        return {
          report: { held: held ?? null },
          text:
            held === undefined ? "no run held the lease" : `ended the lease of a ${held.command} (token ${held.token})`,
        };
      }),
    );
}
