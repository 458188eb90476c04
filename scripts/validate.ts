/**
 * `npm run validate [-- --require-plugins] [--matrix DIR]`: `terraform init -backend=false` and `terraform validate`
 * over a scratch copy of every stack, or of every stack of a matrix. Where Terraform or a plugin cannot be had, a stack
 * is skipped with the reason; `--require-plugins` makes that a failure.
 */
import { execFile } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { environments } from "../environments";
import { loadEnvironments } from "../environments/load";
import { synthesize } from "../stacks/synthesize";
import { readMatrix } from "./matrix";

/** Milliseconds in which the plugins of a stack must have been found or fetched. */
const INIT_TIMEOUT = 10 * 60 * 1000;
const LOCK = ".terraform.lock.hcl";

export interface Result {
  readonly stack: string;
  readonly outcome: "valid" | "invalid" | "skipped";
  /** What is wrong, or why it was skipped. */
  readonly reasons: readonly string[];
}

/** Terraform or a plugin cannot be had: says nothing about the stack. */
class Unavailable extends Error {}

/** How a child process ended that did not end well. */
interface Failure {
  readonly code?: string | number;
  readonly killed?: boolean;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** Validates `<folder>/<stack>/cdk.tf.json` of each stack. Terraform writes into these folders. */
export async function validate(folder: string, stacks: readonly string[]): Promise<Result[]> {
  const groups = new Map<string, string[]>();
  for (const stack of stacks) {
    const providers = requiredProviders(join(folder, stack));
    groups.set(providers, [...(groups.get(providers) ?? []), stack]);
  }
  const results: Result[] = [];
  // Plugins one group after the other: two inits must not fill the plugin cache at once.
  for (const group of groups.values()) results.push(...(await validateGroup(folder, group)));
  return results;
}

/** Stacks with the same providers: one `terraform init` serves them all. */
async function validateGroup(folder: string, stacks: readonly string[]): Promise<Result[]> {
  const [first = ""] = stacks;
  const initialized = join(folder, first);
  try {
    await init(initialized, join(folder, ".plugins"));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const outcome = error instanceof Unavailable ? "skipped" : "invalid";
    return stacks.map((stack) => ({ stack, outcome, reasons: [error.message] }));
  }
  const results: Result[] = [];
  const queue = stacks.values();
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (const stack of queue) results.push(await validateStack(folder, stack, initialized));
    }),
  );
  return results.sort((left, right) => stacks.indexOf(left.stack) - stacks.indexOf(right.stack));
}

async function init(folder: string, pluginCache: string): Promise<void> {
  mkdirSync(pluginCache, { recursive: true });
  const variables = { TF_PLUGIN_CACHE_DIR: pluginCache, TF_REGISTRY_DISCOVERY_RETRY: "0", ...process.env };
  try {
    await terraform(folder, ["init", "-backend=false", "-input=false", "-no-color"], variables, INIT_TIMEOUT);
  } catch (error) {
    const { code, killed, stderr = "", message } = error as Failure & Error;
    if (code === "ENOENT") throw new Unavailable("Terraform is not installed");
    if (killed) throw new Unavailable(`no plugins within ${INIT_TIMEOUT / 60_000} minutes`);
    const cause = /Failed to (query available provider packages|install provider)\s+([\s\S]+?)(\n\n|$)/.exec(
      stderr,
    )?.[2];
    if (cause !== undefined) throw new Unavailable(oneLine(cause));
    throw new Error(oneLine(stderr === "" ? message : stderr));
  }
}

async function validateStack(folder: string, stack: string, initialized: string): Promise<Result> {
  const own = join(folder, stack);
  if (own !== initialized && existsSync(join(initialized, LOCK))) {
    copyFileSync(join(initialized, LOCK), join(own, LOCK));
  }
  const variables = { ...process.env, TF_DATA_DIR: join(initialized, ".terraform") };
  const { stdout = "", stderr } = await terraform(own, ["validate", "-json"], variables).catch(
    (error: Failure) => error,
  );
  const reasons = stdout.startsWith("{") ? errorsOf(stdout) : [oneLine(stderr ?? "no answer from terraform validate")];
  return { stack, outcome: reasons.length === 0 ? "valid" : "invalid", reasons };
}

/** `TERRAFORM_BINARY_NAME` names the program, as for the cdktf command. */
function terraform(folder: string, args: string[], variables: NodeJS.ProcessEnv, timeout?: number) {
  const env = { CHECKPOINT_DISABLE: "1", ...variables };
  const options = { cwd: folder, env, timeout, maxBuffer: 64 * 1024 * 1024 };
  return promisify(execFile)(process.env.TERRAFORM_BINARY_NAME ?? "terraform", args, options);
}

function errorsOf(json: string): string[] {
  const { diagnostics } = JSON.parse(json) as {
    diagnostics: {
      severity: string;
      summary: string;
      detail?: string;
      address?: string;
      snippet?: { context?: string };
    }[];
  };
  return diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ summary, detail = "", address, snippet }) =>
      oneLine(`${address ?? snippet?.context ?? "stack"}: ${summary}: ${detail}`),
    );
}

function requiredProviders(folder: string): string {
  const { terraform: settings } = JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8"));
  return JSON.stringify(Object.entries(settings?.required_providers ?? {}).sort());
}

function oneLine(text: string): string {
  return text.replaceAll(/[\s│╷╵]+/g, " ").trim();
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { "require-plugins": { type: "boolean", default: false }, matrix: { type: "string" } },
  });
  const scratch = mkdtempSync(join(tmpdir(), "moodle-platform-validate-"));
  try {
    if (values.matrix === undefined) {
      await synthesize(loadEnvironments(environments, process.env), scratch);
    } else {
      for (const path of readMatrix(values.matrix).flatMap(({ stacks }) => stacks)) {
        cpSync(join(values.matrix, dirname(path)), join(scratch, dirname(path)), { recursive: true });
      }
    }
    const stacks = readdirSync(scratch, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith("cdk.tf.json"))
      .map(dirname)
      .sort();
    return report(await validate(scratch, stacks), values["require-plugins"]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function report(results: readonly Result[], requirePlugins: boolean): number {
  for (const { stack, outcome, reasons } of results) {
    console.log(`${outcome.padEnd(8)} ${stack.replace("stacks/", "")}`);
    if (outcome === "invalid") for (const reason of reasons) console.log(`         ${reason}`);
  }
  const skips = new Set(results.filter(({ outcome }) => outcome === "skipped").flatMap(({ reasons }) => reasons));
  for (const reason of skips) console.log(`skipped because: ${reason}`);
  const count = (outcome: Result["outcome"]) => results.filter((result) => result.outcome === outcome).length;
  console.log(`${count("valid")} valid, ${count("invalid")} invalid, ${count("skipped")} skipped`);
  if (skips.size > 0) {
    console.log(
      "Terraform looks for plugins in ~/.terraform.d/plugins, in the mirrors of its configuration file, and in the registry.",
    );
  }
  return count("invalid") > 0 || (requirePlugins && count("skipped") > 0) ? 1 : 0;
}

if (require.main === module) {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    },
  );
}
