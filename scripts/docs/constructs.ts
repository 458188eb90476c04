import { type Declaration, type Member, readDeclarations } from "./declarations";
import { code, heading, prose, table } from "./markdown";

const ENTRIES = [
  { title: "On any cloud", module: "moodle-platform", folders: ["workloads", "core"] },
  { title: "Amazon Web Services", module: "moodle-platform/aws", folders: ["aws"] },
  { title: "Google Cloud", module: "moodle-platform/google", folders: ["google"] },
];

/** `sources` and `compiled` are folders of the constructs; `exported` has the names that each module exports. */
export function constructsPage(
  sources: string,
  compiled: string,
  exported: Readonly<Record<string, readonly string[]>>,
): string {
  const all = readDeclarations(sources, compiled);
  return [
    ...heading("Constructs"),
    "What the library exports. A property without a default is required. Data is protected unless a property says otherwise.",
    "",
    ...ENTRIES.flatMap(({ title, module, folders }) => {
      const names = exported[module] ?? [];
      const classes = all
        .filter(
          ({ kind, name, source }) => kind === "class" && names.includes(name) && folders.includes(folderOf(source)),
        )
        .sort((left, right) => left.name.localeCompare(right.name));
      return [`## ${title}`, "", `From \`${module}\`.`, "", ...classes.flatMap((one) => classSection(one, all))];
    }),
    "## Ports",
    "",
    "What workloads need from a cloud. Whoever brings a cluster or a database of their own fills these in.",
    "",
    ...all.filter(({ source }) => source === "ports.ts").flatMap(portSection),
  ].join("\n");
}

function folderOf(source: string): string {
  return source.split("/")[0] ?? "";
}

function classSection({ name, doc, source, members }: Declaration, all: readonly Declaration[]): string[] {
  const props = all.find((one) => one.name === `${name}Props` && folderOf(one.source) === folderOf(source));
  const inherited = (props?.bases ?? []).flatMap((base) => all.find((one) => one.name === base)?.members ?? []);
  return [
    `### ${name}`,
    "",
    `[${source}](../../constructs/${source})`,
    "",
    ...doc.split("\n").map((line) => (line.startsWith("@throws") ? line.replace("@throws", "Throws") : line)),
    "",
    ...memberTable("property", [...inherited, ...(props?.members ?? [])]),
    ...memberTable("gives", members),
  ];
}

function portSection({ kind, name, doc, members, text }: Declaration): string[] {
  const body = kind === "type" ? ["```ts", `type ${name} = ${text}`, "```", ""] : memberTable("field", members);
  return [`### ${name}`, "", prose(doc), "", ...body];
}

function memberTable(head: string, members: readonly Member[]): string[] {
  if (members.length === 0) return [];
  return table(
    [head, "type", ""],
    members.map(({ name, type, isOptional, doc }) => [
      code(`${name}${isOptional ? "?" : ""}${type.startsWith("(") ? "()" : ""}`),
      type === "" ? "" : code(type.replace(/^\(.*\): /, "")),
      prose(doc.replace(/\s*@default/, " Default:").trim()),
    ]),
  );
}
