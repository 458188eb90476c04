import { Argument, type Command } from "commander";
import { bashCompletion } from "../completion/bash";
import { fishCompletion } from "../completion/fish";
import { grammarOf } from "../completion/grammar";
import { zshCompletion } from "../completion/zsh";
import { ending } from "../help";
import type { World } from "../world";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export function addCompletion(program: Command, world: World): void {
  program
    .command("completion")
    .summary("Print a script for completion in a shell.")
    .description("Print what a shell needs to complete commands and options.")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SHELLS)))
    .addHelpText(
      "after",
      ending(
        [
          "source <(moodle-backup completion bash)",
          "moodle-backup completion zsh > ~/.zfunc/_moodle-backup",
          "moodle-backup completion fish | source",
        ],
        [],
      ),
    )
    .action((shell: keyof typeof SHELLS) => world.stdout(`${SHELLS[shell](grammarOf(program))}\n`));
}
