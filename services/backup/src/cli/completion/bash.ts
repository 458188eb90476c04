import type { Flag, Grammar } from "./grammar";

/** For `source <(moodle-backup completion bash)`. */
export function bashCompletion({ name, flags, commands }: Grammar): string {
  const identifier = `_${name.replaceAll("-", "_")}`;
  const commandNames = commands.map((command) => command.name).join("|");
  const all = [flags, ...commands.map((command) => command.flags)].flat();
  const replies = new Map<string, Set<string>>();
  for (const { name: flag, value } of all) {
    if (value === undefined) continue;
    const reply = replyTo(value);
    replies.set(reply, (replies.get(reply) ?? new Set()).add(flag));
  }
  return `${identifier}() {
  local current previous command words word
  current=\${COMP_WORDS[COMP_CWORD]}
  previous=\${COMP_WORDS[COMP_CWORD - 1]}
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    case $word in ${commandNames}) command=$word && break ;; esac
  done
  # Bash takes an equals sign for a word.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $previous in
${[...replies].map(([reply, names]) => `    ${[...names].join("|")}) ${reply}; return ;;`).join("\n")}
  esac
  case $command in
${commands.map((command) => `    ${command.name}) words="${wordsOf(command, flags)}" ;;`).join("\n")}
    *) words="${[commandNames.replaceAll("|", " "), ...flags.map((flag) => flag.name)].join(" ")}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F ${identifier} ${name}`;
}

/** Names of files may have blanks; those of folders get a slash, and no blank behind them. */
const FILES = "compopt -o filenames 2> /dev/null; local IFS=$'\\n'; COMPREPLY=($(compgen -f -- \"$current\"))";

function replyTo({ isFile, choices }: NonNullable<Flag["value"]>): string {
  if (isFile) return FILES;
  return choices.length === 0 ? "COMPREPLY=()" : `COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$current"))`;
}

function wordsOf(command: Grammar, globals: readonly Flag[]): string {
  return [...new Set([...command.words, ...[...command.flags, ...globals].map((flag) => flag.name)])].join(" ");
}
