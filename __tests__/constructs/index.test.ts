import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as aws from "../../constructs/aws";
import * as google from "../../constructs/google";
import * as workloads from "../../constructs/workloads";

const constructs = join(__dirname, "../../constructs");

/** Classes in a folder that no other file of the folder is made of: whoever needs one of these must be able to import it. */
function wholes(folder: string): string[] {
  const sources = readdirSync(join(constructs, folder))
    .filter((file) => file !== "index.ts")
    .map((file) => ({ file, text: readFileSync(join(constructs, folder, file), "utf8") }));
  return sources.flatMap(({ file, text }) => {
    const isPart = sources.some((other) => other.text.includes(`"./${file.replace(".ts", "")}"`));
    return isPart ? [] : [...text.matchAll(/^export class (\w+)/gm)].map(([, name]) => name ?? "");
  });
}

test.each(Object.entries({ aws, google, workloads }))(
  "%s exports every construct that is no part of another",
  (folder, exported) => {
    expect(wholes(folder).length).toBeGreaterThan(4);
    expect(Object.keys(exported)).toEqual(expect.arrayContaining(wholes(folder)));
  },
);
