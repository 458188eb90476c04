/** Reads the declarations (`*.d.ts`) that the compiler writes: what is exported, its members and their docstrings. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Declaration {
  readonly kind: "class" | "interface" | "type";
  readonly name: string;
  readonly doc: string;
  /** Path of the source, relative to the folder of the sources. */
  readonly source: string;
  /** Names of the interfaces whose members it has too. */
  readonly bases: readonly string[];
  readonly members: readonly Member[];
  /** Of a type: what it stands for. */
  readonly text: string;
}

export interface Member {
  readonly name: string;
  readonly type: string;
  readonly isOptional: boolean;
  readonly doc: string;
}

/** Every declaration of the sources in a folder. The compiler leaves the outputs of sources that are gone, so it is asked for these. */
export function readDeclarations(sources: string, compiled: string): Declaration[] {
  return readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .flatMap((path) => parseDeclarations(readFileSync(join(compiled, path.replace(/\.ts$/, ".d.ts")), "utf8"), path));
}

const DECLARATION =
  /(?:^\/\*\*(?<doc>(?:(?!\*\/)[\s\S])*)\*\/\n)?^export (?:declare )?(?:abstract )?(?<kind>class|interface|type) (?<name>\w+)(?<head>[^\n]*?)(?:\{\n(?<body>[\s\S]*?)^\}$| = ?(?<text>[^{;]*|\{\n[\s\S]*?^\}[^{;]*);$)/gm;

function parseDeclarations(text: string, source: string): Declaration[] {
  return [...text.matchAll(DECLARATION)].map(({ groups = {} }) => ({
    kind: groups.kind as Declaration["kind"],
    name: groups.name ?? "",
    doc: plain(groups.doc),
    source,
    bases: groups.kind === "interface" ? [...(groups.head ?? "").matchAll(/\w+(?=[,\s]|$)/g)].map(String).slice(1) : [],
    members: parseMembers(groups.body ?? "", "    ", ""),
    text: (groups.text ?? "").trim(),
  }));
}

/** Members at one depth; those of an object that is written in place follow it with its name before theirs. */
function parseMembers(body: string, indent: string, prefix: string): Member[] {
  const member = new RegExp(
    `(?:^${indent}/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n)?^${indent}((?:static |readonly )*)(\\w+)(\\??)(: |(?=\\())([\\s\\S]*?);$(?=\\n(?:${indent}[^\\s}]|$)|$(?![\\s\\S]))`,
    "gm",
  );
  return [...body.matchAll(member)].flatMap(([, doc, , name = "", optional, , type = ""]) => {
    if (name === "constructor") return [];
    const own = { name: prefix + name, isOptional: optional === "?", doc: plain(doc) };
    const inner = /^\{\n([\s\S]*)\n\s*\}$/.exec(type)?.[1];
    return inner === undefined
      ? [{ ...own, type: type.replaceAll(/\s+/g, " ") }]
      : [{ ...own, type: "" }, ...parseMembers(`${inner}\n`, `${indent}    `, `${own.name}.`)];
  });
}

function plain(doc = ""): string {
  return doc
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trim())
    .join("\n")
    .trim();
}
