/**
 * `npm run plan-comment -- STACK [--plan FILE | --failure FILE] [--allow-destroy]`: prints the comment for a pull request.
 *
 * `--plan` names the output of `terraform show -json`, `--failure` the log of a plan that failed; without either, there
 * is no role yet that could plan. Exit code 1: protected data would be lost, or planning failed.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Plan, type Report, reportFailed, reportNotDeployed, reportPlan } from "./plan-report";

/** What Terraform's two backends say of a state bucket that bootstrap has not made yet. */
const NO_STATE_BUCKET = /S3 bucket ("[^"]*" )?does not exist|NoSuchBucket|storage: bucket doesn't exist/;

export function comment(
  stack: string,
  { plan, failure, allowDestroy }: { plan?: string; failure?: string; allowDestroy?: boolean },
): Report & { readonly failed: boolean } {
  if (plan !== undefined) {
    const report = reportPlan(stack, JSON.parse(plan) as Plan, { allowDestroy });
    return { ...report, failed: report.refused };
  }
  const isDeployed = failure !== undefined && !NO_STATE_BUCKET.test(failure.replaceAll(/[\s│]+/g, " "));
  return { markdown: isDeployed ? reportFailed(stack) : reportNotDeployed(stack), refused: false, failed: isDeployed };
}

function main(): void {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      plan: { type: "string" },
      failure: { type: "string" },
      "allow-destroy": { type: "boolean", default: false },
    },
  });
  const [stack] = positionals;
  if (stack === undefined) throw new Error("name the stack: npm run plan-comment -- STACK --plan FILE");
  const read = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path, "utf8"));
  const { markdown, failed } = comment(stack, {
    plan: read(values.plan),
    failure: read(values.failure),
    allowDestroy: values["allow-destroy"],
  });
  console.log(markdown);
  if (failed) process.exitCode = 1;
}

if (require.main === module) main();
