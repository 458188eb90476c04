/**
 * `npm run --silent plan-comment -- STACK DIR [--allow-destroy] [--required]`: prints the comment for a pull request on
 * what `npm run diff` left in `DIR`; an empty or absent `DIR` means that there was no identity to plan with.
 *
 * Exit code 1: protected data would be lost without `--allow-destroy`; planning failed; or, with `--required`, there is
 * nothing deployed to compare with.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { type Plan, reportFailed, reportNotDeployed, reportPlan } from "./plan-report";

/** What Terraform's two backends say of a state bucket that bootstrap has not made yet. */
const NO_STATE_BUCKET = /S3 bucket ("[^"]*" )?does not exist|NoSuchBucket|storage: bucket doesn't exist/;

export interface Comment {
  readonly markdown: string;
  readonly failed: boolean;
}

export function comment(stack: string, folder: string, options: { allowDestroy: boolean; required: boolean }): Comment {
  const plan = read(join(folder, "plan.json"));
  if (plan !== undefined) {
    const { markdown, refused } = reportPlan(stack, JSON.parse(plan) as Plan, options);
    return { markdown, failed: refused };
  }
  const failure = read(join(folder, "failure.log"));
  if (failure === undefined) return { markdown: reportNotDeployed(stack, "identity"), failed: options.required };
  return NO_STATE_BUCKET.test(stripVTControlCharacters(failure).replaceAll(/[\s│]+/g, " "))
    ? { markdown: reportNotDeployed(stack, "state"), failed: options.required }
    : { markdown: reportFailed(stack), failed: true };
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function main(): void {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      "allow-destroy": { type: "boolean", default: false },
      required: { type: "boolean", default: false },
    },
  });
  const [stack, folder] = positionals;
  if (stack === undefined || folder === undefined) throw new Error("name stack and folder of the plan");
  const { markdown, failed } = comment(stack, folder, {
    allowDestroy: values["allow-destroy"],
    required: values.required,
  });
  console.log(markdown);
  if (failed) process.exitCode = 1;
}

if (require.main === module) main();
