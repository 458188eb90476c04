/** First lines of every generated page. */
export function heading(title: string): string[] {
  return [`# ${title}`, "", "<!-- Written by `npm run docs`: change the sources, not this page. -->", ""];
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line), ""];
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** Prose in one line; what looks like a tag is shown, not swallowed. */
export function prose(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .split("`")
    .map((part, index) => (index % 2 === 0 ? part.replaceAll("<", "&lt;") : part))
    .join("`");
}
