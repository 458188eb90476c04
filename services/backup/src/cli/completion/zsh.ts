import type { Flag, Grammar } from "./grammar";

/** For a file `_moodle-backup` in a folder of `$fpath`. */
export function zshCompletion({ name, flags, commands }: Grammar): string {
  const identifier = `_${name.replaceAll("-", "_")}`;
  return `#compdef ${name}
${identifier}() {
  local -a commands
  local state line
  commands=(
${commands.map((command) => `    ${quote(`${command.name}:${command.description}`)}`).join("\n")}
  )
  _arguments -C ${flags.map(specification).join(" ")} '1: :->command' '*:: :->arguments'
  case $state in
    command) _describe command commands ;;
    arguments)
      case $line[1] in
${commands.map((command) => `        ${command.name}) _arguments ${argumentsOf(command, flags)} ;;`).join("\n")}
      esac ;;
  esac
}
if [ "$funcstack[1]" = ${quote(`_${name}`)} ]; then ${identifier} "$@"; else compdef ${identifier} ${name}; fi`;
}

function argumentsOf(command: Grammar, globals: readonly Flag[]): string {
  const own = new Set(command.flags.map(({ name }) => name));
  const flags = [...command.flags, ...globals.filter(({ name }) => !own.has(name))].map(specification);
  return [...flags, ...(command.words.length === 0 ? [] : [quote(`1: :(${command.words.join(" ")})`)])].join(" ");
}

function specification({ name, description, value }: Flag): string {
  const text = `${name}[${description.replaceAll(/[[\]:]/g, "\\$&")}]`;
  if (value === undefined) return quote(text);
  if (value.isFile) return quote(`${text}:file:_files`);
  return quote(`${text}:value:${value.choices.length === 0 ? "" : `(${value.choices.join(" ")})`}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
