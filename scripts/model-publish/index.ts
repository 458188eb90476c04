/**
 * `npm run model:publish -- <name> <version> <folder> [--environment <name>] [--discard-unfinished]`: puts a version of a
 * model into the model bucket. Credentials are those of the cloud's own tools.
 */
import { parseArgs } from "node:util";
import { environments } from "../../environments";
import { loadEnvironments } from "../../environments/load";
import { openStore } from "../../services/backup/src/stores/open";
import { StoreError } from "../../services/backup/src/stores/store";
import { modelBucket } from "./bucket";
import { publishModel } from "./publish";
import { PublishError } from "./publish-error";

const USAGE =
  "npm run model:publish -- <name> <version> <folder> [--environment <name>] [--discard-unfinished], such as: " +
  "npm run model:publish -- bert v1.3.0 ./model";

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { environment: { type: "string" }, "discard-unfinished": { type: "boolean", default: false } },
  });
  const [name, version, folder, ...rest] = positionals;
  if (name === undefined || version === undefined || folder === undefined || rest.length > 0) {
    throw new PublishError(USAGE);
  }
  const store = await openStore(modelBucket(loadEnvironments(environments, process.env), values.environment));
  try {
    const { files, size, outcome } = await publishModel({
      store,
      ...{ name, version, folder },
      discardUnfinished: values["discard-unfinished"],
      report: console.log,
    });
    const what = `${name} ${version}: ${files} files, ${(size / 1024 ** 2).toFixed(1)} MiB, in ${store.name}`;
    console.log(
      outcome === "already"
        ? `${what}; published before`
        : `${what}; to serve it, set version: "${version}" of ${name} in inference.models and deploy`,
    );
  } finally {
    await store.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isExpected =
    error instanceof PublishError ||
    error instanceof StoreError ||
    (error instanceof Error && error.name === "ConfigurationError");
  const isUsage = error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  console.error(isExpected ? error.message : isUsage ? `${error.message}\n${USAGE}` : error);
  process.exitCode = 1;
});
