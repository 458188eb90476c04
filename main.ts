import { ConfigurationError } from "./constructs/core/errors";
import { environments } from "./environments";
import { loadEnvironments } from "./environments/load";
import { summarize } from "./stacks/summary";
import { synthesize } from "./stacks/synthesize";

/** The cdktf command names the folder by this variable, and prints a report of its own. */
const { CDKTF_OUTDIR } = process.env;

async function main(): Promise<void> {
  const checked = loadEnvironments(environments, process.env);
  const outdir = CDKTF_OUTDIR || "cdktf.out";
  await synthesize(checked, outdir);
  if (!CDKTF_OUTDIR) console.log(summarize(checked, outdir));
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigurationError ? error.message : error);
  process.exitCode = 1;
});
