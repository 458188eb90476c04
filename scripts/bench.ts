/**
 * `npm run bench`: CPU time and peak memory of the program alone, in turn with its resources written through bare bindings,
 * which is what cdktf costs; `cdktf synth` with it, and with the same program under the command of cdktf's TypeScript
 * template (`npx ts-node main.ts`), in turn; and the cost of many environments. Medians; nothing is asserted. ts-node and
 * the compiler that it needs are installed in a temporary folder.
 */
import { deepStrictEqual } from "node:assert";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadEnvironments } from "../environments/load";
import { staging } from "../examples/aws/staging";
import { synthesize } from "../stacks/synthesize";
import { resourcesOf } from "./bench-bare";
import { linkModules } from "./link-modules";

const RUNS = 5;
const ENVIRONMENTS = [1, 10, 25, 50];
const TEMPLATE = ["ts-node@10.9.2", "typescript@5.9.3"];

interface Usage {
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

/** What one Node process uses by itself. */
function measureNode(folder: string, ...args: string[]): Usage {
  const file = join(folder, "usage.json");
  execFileSync(process.execPath, ["--require", join(__dirname, "bench-usage.js"), ...args], {
    env: { ...process.env, BENCH_USAGE: file, CDKTF_OUTDIR: join(folder, "cdktf.out") },
  });
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(readFileSync(file, "utf8")) as NodeJS.ResourceUsage;
  return { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMb: maxRSS / 1024 };
}

/** What the resources that the program has just written cost by themselves. */
function measureBare(folder: string): Usage {
  const [written, bare] = [join(folder, "cdktf.out"), join(folder, "bare.out")];
  const usage = measureNode(folder, "dist/scripts/bench-bare.js", written, bare);
  for (const stack of readdirSync(join(written, "stacks"))) {
    deepStrictEqual(resourcesOf(bare, stack), resourcesOf(written, stack));
  }
  return usage;
}

/** CPU seconds of `cdktf synth` and of all that it starts. */
function measureSynth(program: string): number {
  const { CDKTF_OUTDIR: _, ...inherited } = process.env;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", "TIMEFORMAT='%U %S'; time npx cdktf synth 2>&1"], {
    cwd: program,
    env: { ...inherited, CHECKPOINT_DISABLE: "1", CI: "1" },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`cdktf synth failed in ${program}:\n${stdout}`);
  const [user = 0, system = 0] = stderr.trim().split(" ").map(Number);
  return user + system;
}

/** The same program as cdktf's template would have it: its `app`, CommonJS, and ts-node. */
function templateProgram(folder: string): string {
  const [program, tools] = [join(folder, "template"), join(folder, "tools")];
  mkdirSync(tools);
  writeFileSync(join(tools, "package.json"), "{}");
  const options = ["--no-audit", "--no-fund", "--prefer-offline"];
  execFileSync("npm", ["install", ...options, ...TEMPLATE], { cwd: tools, stdio: ["ignore", "ignore", "inherit"] });
  const parts = [
    "main.ts",
    "constructs",
    "stacks",
    "environments",
    "examples/aws",
    "examples/google",
    "charts",
    "services/api/src",
  ];
  for (const part of parts) cpSync(part, join(program, part), { recursive: true });
  linkModules(["node_modules", join(tools, "node_modules")], join(program, "node_modules"));
  // In CommonJS, as the template has it, import() takes no extension.
  const loader = join(program, "stacks/index.ts");
  writeFileSync(loader, readFileSync(loader, "utf8").replaceAll('.js")', '")'));
  const settings = JSON.parse(readFileSync("cdktf.json", "utf8"));
  writeFileSync(join(program, "cdktf.json"), JSON.stringify({ ...settings, app: "npx ts-node main.ts" }));
  const {
    incremental: _,
    tsBuildInfoFile: __,
    ...compilerOptions
  } = JSON.parse(readFileSync("tsconfig.json", "utf8")).compilerOptions;
  const template = { ...compilerOptions, module: "CommonJS", moduleResolution: "node10" };
  writeFileSync(join(program, "tsconfig.json"), JSON.stringify({ compilerOptions: template }));
  return program;
}

/** In a process of its own: so many environments, each like staging. */
async function synthesizeMany(count: number): Promise<void> {
  const inputs = Array.from({ length: count }, (_, index) => ({
    ...staging,
    name: `site-${index + 1}`,
    domain: `site-${index}.staging.example.edu`,
    ci: { ...staging.ci, oidcProvider: index === 0 ? ("create" as const) : ("existing" as const) },
  }));
  await synthesize(loadEnvironments(inputs), process.env.CDKTF_OUTDIR ?? "cdktf.out");
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function times<T>(count: number, run: () => T): T[] {
  return Array.from({ length: count }, run);
}

function line(what: string, ...figures: string[]): void {
  console.log(what.padEnd(48) + figures.map((figure) => figure.padStart(12)).join(""));
}

function usageLine(what: string, usages: readonly Usage[]): void {
  const cpu = median(usages.map(({ cpuSeconds }) => cpuSeconds));
  const peak = median(usages.map(({ peakMb }) => peakMb));
  line(what, `${cpu.toFixed(2)} CPU s`, `${peak.toFixed(0)} MB`);
}

function ratioLine(ratios: readonly number[]): void {
  line("ratio of each pair", median(ratios).toFixed(2));
}

function bench(folder: string): void {
  const alone = times(RUNS, () => ({ own: measureNode(folder, "dist/main.js"), bare: measureBare(folder) }));
  usageLine(
    "the program alone, staging and production",
    alone.map(({ own }) => own),
  );
  usageLine(
    "the same resources through bare bindings",
    alone.map(({ bare }) => bare),
  );
  ratioLine(alone.map(({ own, bare }) => own.cpuSeconds / bare.cpuSeconds));

  const template = templateProgram(folder);
  const pairs = times(RUNS, () => ({ own: measureSynth(process.cwd()), template: measureSynth(template) }));
  line("cdktf synth", `${median(pairs.map(({ own }) => own)).toFixed(2)} CPU s`);
  line("cdktf synth, as cdktf's template", `${median(pairs.map((pair) => pair.template)).toFixed(2)} CPU s`);
  ratioLine(pairs.map((pair) => pair.own / pair.template));

  for (const count of ENVIRONMENTS) {
    usageLine(
      `${count} ${count === 1 ? "environment" : "environments"}`,
      times(3, () => measureNode(folder, __filename, "--environments", String(count))),
    );
  }
}

async function main(): Promise<void> {
  const { environments } = parseArgs({ options: { environments: { type: "string" } } }).values;
  if (environments !== undefined) return synthesizeMany(Number(environments));
  const folder = mkdtempSync(join(tmpdir(), "moodle-platform-bench-"));
  try {
    bench(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
