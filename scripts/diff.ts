/**
 * `npm run diff -- STACK DIR`: `cdktf diff` of a synthesized stack. Into `DIR` goes `plan.json` (`terraform show -json`),
 * or, where planning failed, `failure.log`; the exit code is 0 in both cases: `npm run plan-comment` judges.
 *
 * A plan can hold secrets, and so can its JSON: neither may leave the machine.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** No lock: a role that may only read cannot take one, and a plan that is not applied does not need it. */
const VARIABLES = { TF_CLI_ARGS_plan: "-lock=false", TF_IN_AUTOMATION: "1", CHECKPOINT_DISABLE: "1", ...process.env };

async function main(): Promise<void> {
  const [stack, folder] = parseArgs({ allowPositionals: true }).positionals;
  if (stack === undefined || folder === undefined) throw new Error("name stack and folder: npm run diff -- STACK DIR");
  mkdirSync(folder, { recursive: true });
  const { code, output } = await cdktf("diff", stack, "--skip-synth", "--skip-provider-lock", "--no-color");
  if (code !== 0) {
    writeFileSync(join(folder, "failure.log"), output);
    return;
  }
  const terraform = process.env.TERRAFORM_BINARY_NAME ?? "terraform";
  const options = { cwd: join("cdktf.out", "stacks", stack), maxBuffer: 256 * 1024 * 1024 };
  writeFileSync(join(folder, "plan.json"), execFileSync(terraform, ["show", "-json", "plan"], options));
}

/** Runs the command, shows what it prints, and keeps it. */
function cdktf(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn("npx", ["cdktf", ...args], { env: VARIABLES, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (stream: NodeJS.WriteStream) => (chunk: Buffer) => {
    output += chunk.toString();
    stream.write(chunk);
  };
  child.stdout.on("data", keep(process.stdout));
  child.stderr.on("data", keep(process.stderr));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
