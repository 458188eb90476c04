import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ports, type SiteOptions } from "./options";
import { Processes } from "./processes";

/** Folders and files of a site on this machine, all in one folder, and its processes. */
export class Site {
  readonly ports: ReturnType<typeof ports>;
  readonly processes: Processes;

  constructor(readonly options: SiteOptions) {
    this.ports = ports(options);
    this.processes = new Processes(options.folder, this.path("log"));
  }

  /** The site that a folder holds, or nothing where `up` has not yet been there. */
  static open(folder: string): Site | undefined {
    const file = join(folder, "site.json");
    return existsSync(file) ? new Site({ ...JSON.parse(readFileSync(file, "utf8")), folder }) : undefined;
  }

  /** So that later commands need to be told the folder alone. */
  save(): void {
    const { port, database } = this.options;
    replaceFile(this.path("site.json"), JSON.stringify({ port, database }));
  }

  /** `code`, `image`, `run`, `data`, `local`, `tmp`, `secrets`, `log`, or what a server keeps. */
  path(...names: string[]): string {
    return join(this.options.folder, ...names);
  }

  /** A password that is made once and kept in a file. */
  secret(name: string, value = () => randomBytes(24).toString("base64url")): string {
    const file = this.path("secrets", name);
    if (!existsSync(file)) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      replaceFile(file, value());
    }
    return readFileSync(file, "utf8");
  }
}

/** Readable by this user alone, and whole or not there at all. */
export function replaceFile(file: string, content: string): void {
  writeFileSync(`${file}.new`, content, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
