import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Links to every package of several folders; those of a later folder take the place of those of an earlier. */
export function linkModules(folders: readonly string[], target: string): void {
  const packages = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of readdirSync(folder)) {
      const names = /^(@|\.bin$)/.test(entry)
        ? readdirSync(join(folder, entry)).map((name) => join(entry, name))
        : [entry];
      for (const name of names) packages.set(name, resolve(folder, name));
    }
  }
  for (const [name, source] of packages) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    symlinkSync(source, join(target, name));
  }
}
