import type { Flag, Grammar } from "./grammar";

/** For `moodle-backup completion fish | source`. */
export function fishCompletion({ name, flags, commands }: Grammar): string {
  const own = new Set(flags.map((flag) => flag.name));
  return [
    `complete -c ${name} -f`,
    ...flags.map((flag) => `complete -c ${name} ${option(flag)}`),
    ...commands.map(
      (command) => `complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${quote(command.description)}`,
    ),
    ...commands.flatMap((command) => {
      const condition = `-n ${quote(`__fish_seen_subcommand_from ${command.name}`)}`;
      return [
        ...command.words.map((word) => `complete -c ${name} ${condition} -a ${word}`),
        ...command.flags
          .filter((flag) => !own.has(flag.name))
          .map((flag) => `complete -c ${name} ${condition} ${option(flag)}`),
      ];
    }),
  ].join("\n");
}

function option({ name, description, value }: Flag): string {
  const text = `-l ${name.slice(2)} -d ${quote(description)}`;
  if (value === undefined) return text;
  if (value.isFile) return `${text} -r -F`;
  return value.choices.length === 0 ? `${text} -x` : `${text} -x -a ${quote(value.choices.join(" "))}`;
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
