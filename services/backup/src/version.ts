import { readFileSync } from "node:fs";
import { join } from "node:path";

const { version } = JSON.parse(readFileSync(join(__dirname, "../package.json"), "utf8")) as { version: string };

/** Name and version of the program, as manifests and results record it. */
export const PROGRAM = `moodle-backup ${version}`;
