import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** A server that tests start; Go installs what is not in PATH. */
export interface ServerProgram {
  readonly command: string;
  readonly module: string;
}

export const VERSITYGW: ServerProgram = {
  command: "versitygw",
  module: "github.com/versity/versitygw/cmd/versitygw@v1.8.0",
};

export const FAKE_GCS_SERVER: ServerProgram = {
  command: "fake-gcs-server",
  module: "github.com/fsouza/fake-gcs-server@v1.56.1",
};

/** Path of a server's program; throws where it is not installed. */
export function programPath({ command, module }: ServerProgram): string {
  const found = pathOf(command);
  if (found === undefined) throw new Error(`${command} is not installed; run: go install ${module}`);
  return found;
}

/** Installs what is missing. */
export function install(program: ServerProgram): void {
  if (pathOf(program.command) === undefined) execFileSync("go", ["install", program.module], { stdio: "inherit" });
}

function pathOf(command: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(":"), process.env.GOBIN, goBin()];
  return folders.map((folder) => join(folder ?? "", command)).find((path) => existsSync(path));
}

function goBin(): string {
  return join(execFileSync("go", ["env", "GOPATH"], { encoding: "utf8" }).trim(), "bin");
}
