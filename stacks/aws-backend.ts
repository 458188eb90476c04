import { S3Backend, type TerraformStack } from "cdktf";
import type { AwsEnvironment } from "../environments/defaults";
import { awsNames } from "./aws-names";

/** State in the environment's own bucket, one `<stack>.tfstate` each, encrypted by its own key. */
export function addAwsBackend(stack: TerraformStack, environment: AwsEnvironment): void {
  const { account, region, state } = environment;
  const names = awsNames(environment);
  const backend = new S3Backend(stack, {
    bucket: state.bucket,
    key: `${stack.node.id}.tfstate`,
    region,
    encrypt: true,
    kmsKeyId: names.stateKeyAliasArn,
    dynamodbTable: state.lock === "dynamodb" ? names.stateLockTable : undefined,
  });
  // cdktf knows neither. With the wrong credentials, another account's state is not even looked for.
  if (state.lock === "file") backend.addOverride("use_lockfile", true);
  backend.addOverride("allowed_account_ids", [account]);
}
