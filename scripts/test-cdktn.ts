/**
 * `npm run test:cdktn`: runs the compiled program, unchanged, on CDK Terrain, the community's continuation of cdktf, and
 * sees that it writes the same JSON but for the stamp of the version.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linkModules } from "./link-modules";

const ALIAS = "cdktf@npm:cdktn@0.24.0";

function testCdktn(folder: string): void {
  const tools = join(folder, "tools");
  mkdirSync(tools);
  writeFileSync(join(tools, "package.json"), "{}");
  const options = ["--no-audit", "--no-fund", "--prefer-offline", "--legacy-peer-deps"];
  execFileSync("npm", ["install", ...options, ALIAS], { cwd: tools, stdio: ["ignore", "ignore", "inherit"] });

  const program = join(folder, "program");
  for (const part of ["dist", "charts", "cdktf.json"]) cpSync(part, join(program, part), { recursive: true });
  linkModules(["node_modules", join(tools, "node_modules")], join(program, "node_modules"));
  synthesize(program, join(folder, "cdktn"));
  synthesize(process.cwd(), join(folder, "cdktf"));

  const stacks = readdirSync(join(folder, "cdktf", "stacks"));
  for (const stack of stacks) {
    const [expected, got] = ["cdktf", "cdktn"].map((library) => readStack(join(folder, library, "stacks", stack)));
    if (expected?.version === got?.version) throw new Error(`${stack} was written by cdktf ${got?.version} both times`);
    if (expected?.json !== got?.json) throw new Error(`${stack} is not the same on CDK Terrain ${got?.version}`);
    console.log(`passed: ${stack} is the same on CDK Terrain ${got?.version}`);
  }
}

function synthesize(program: string, outdir: string): void {
  // Links stay links: a binding then finds cdktf beside itself, not beside the file that the link leads to.
  execFileSync(process.execPath, ["--preserve-symlinks", "--preserve-symlinks-main", join(program, "dist/main.js")], {
    cwd: process.cwd(),
    env: { ...process.env, CDKTF_OUTDIR: outdir },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function readStack(folder: string): { version: string; json: string } {
  const stack = JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8"));
  const { version } = stack["//"].metadata;
  delete stack["//"].metadata.version;
  return { version, json: JSON.stringify(stack) };
}

const folder = mkdtempSync(join(tmpdir(), "moodle-platform-cdktn-"));
try {
  testCdktn(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
