import type { Environment } from "../../environments/defaults";
import type { StoreConfiguration } from "../../services/backup/src/stores/configuration";
import { modelBucketName } from "../../stacks/inference-names";
import { PublishError } from "./publish-error";

/** The model bucket of the environment of this name, or of the only one that serves models. */
export function modelBucket(environments: readonly Environment[], name: string | undefined): StoreConfiguration {
  const serving = environments.filter(({ inference }) => inference !== undefined);
  const chosen = serving.filter((environment) => name === undefined || environment.name === name);
  const [environment] = chosen;
  const names = serving.map((one) => one.name).join(", ");
  if (environment === undefined) {
    throw new PublishError(
      name === undefined
        ? "no environment serves models: set inference in one of environments/*.ts"
        : `${name} serves no models: name one that does (${names || "none"}), or set inference in environments/${name}.ts`,
    );
  }
  if (chosen.length > 1) throw new PublishError(`several environments serve models: add --environment <${names}>`);
  return {
    kind: environment.cloud === "aws" ? "s3" : "gcs",
    bucket: modelBucketName(environment),
    region: environment.region,
    prefix: "",
  };
}
