import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** A chart on disk: the one that comes with the program. */
export interface Chart {
  readonly folder: string;
  readonly name: string;
  /** Such as `moodle-0.1.0`. */
  readonly version: string;
  /** Of all its files. */
  readonly digest: string;
}

export function loadChart(folder: string): Chart {
  const { name, version } = parse(readFileSync(join(folder, "Chart.yaml"), "utf8")) as {
    name: string;
    version: string;
  };
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  for (const file of files) hash.update(file.slice(folder.length)).update("\0").update(readFileSync(file)).update("\0");
  return { folder, name, version: `${name}-${version}`, digest: hash.digest("hex") };
}

/** Digest of what a revision is made of, as a label can hold it. Equal values have equal digests, however they are written. */
export function revisionDigest(chart: Chart, values: unknown): string {
  return createHash("sha256").update(chart.digest).update(canonical(values)).digest("hex").slice(0, 40);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, child]) => child !== undefined);
  entries.sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, child]) => `${JSON.stringify(key)}:${canonical(child)}`).join(",")}}`;
}
