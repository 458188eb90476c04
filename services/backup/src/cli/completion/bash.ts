import type { Flag, Grammar } from "./grammar";

/** For `source <(moodle-backup completion bash)`. */
export function bashCompletion({ name, flags, commands }: Grammar): string {
  const identifier = `_${name.replaceAll("-", "_")}`;
  const commandNames = commands.map((command) => command.name).join("|");
  const all = [flags, ...commands.map((command) => command.flags)].flat();
  const valued = [...new Map(all.map((flag) => [flag.name, flag])).values()].filter(({ value }) => value !== undefined);
  return `${identifier}() {
  local current previous command words word
  current=\${COMP_WORDS[COMP_CWORD]}
  previous=\${COMP_WORDS[COMP_CWORD - 1]}
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    case $word in ${commandNames}) command=$word && break ;; esac
  done
  case $previous in
${valued.map((flag) => `    ${flag.name}) ${replyTo(flag)}; return ;;`).join("\n")}
  esac
  case $command in
${commands.map((command) => `    ${command.name}) words="${wordsOf(command, flags)}" ;;`).join("\n")}
    *) words="${[commandNames.replaceAll("|", " "), ...flags.map((flag) => flag.name)].join(" ")}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F ${identifier} ${name}`;
}

function replyTo({ value }: Flag): string {
  if (value?.isFile === true) return 'COMPREPLY=($(compgen -f -- "$current"))';
  return `COMPREPLY=($(compgen -W "${value?.choices.join(" ") ?? ""}" -- "$current"))`;
}

function wordsOf(command: Grammar, globals: readonly Flag[]): string {
  return [...new Set([...command.words, ...[...command.flags, ...globals].map((flag) => flag.name)])].join(" ");
}
