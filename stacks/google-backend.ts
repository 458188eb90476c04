import { GcsBackend, type TerraformStack } from "cdktf";
import type { GoogleEnvironment } from "../environments/defaults";
import { googleNames } from "./google-names";

/** State in the environment's own bucket, one prefix a stack, encrypted by its own key. Cloud Storage locks it. */
export function addGoogleBackend(stack: TerraformStack, environment: GoogleEnvironment): void {
  new GcsBackend(stack, {
    bucket: environment.state.bucket,
    prefix: stack.node.id,
    kmsEncryptionKey: googleNames(environment).keyId("state"),
  });
}
