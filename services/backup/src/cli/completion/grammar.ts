import type { Argument, Command, Option } from "commander";

/** What a shell has to know of one word that takes a value. */
export interface Value {
  readonly choices: readonly string[];
  readonly isFile: boolean;
}

export interface Flag {
  /** `--retry-lock`. */
  readonly name: string;
  readonly description: string;
  /** Absent where the flag stands alone. */
  readonly value?: Value;
}

export interface Grammar {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  /** Words that the first argument may be. */
  readonly words: readonly string[];
  readonly commands: readonly Grammar[];
}

/** The command tree as shells need it. */
export function grammarOf(command: Command): Grammar {
  const { options, registeredArguments, commands } = command;
  return {
    name: command.name(),
    description: command.summary() || command.description(),
    flags: [...options.filter(({ long }) => long !== undefined).map(flag), { name: "--help", description: "help" }],
    words: registeredArguments[0]?.argChoices ?? wordsNamedIn(registeredArguments[0]),
    commands: commands.map(grammarOf),
  };
}

function flag({ long, description, required, optional, argChoices, flags }: Option): Flag {
  const takesValue = required || optional;
  return {
    name: long ?? "",
    description,
    value: takesValue ? { choices: argChoices ?? [], isFile: /[<[]file[>\]]$/.test(flags) } : undefined,
  };
}

/** `latest` stands for an id wherever one is asked for. */
function wordsNamedIn(argument: Argument | undefined): string[] {
  return argument?.description.includes("or latest") ? ["latest"] : [];
}
