import { ServiceAccount } from "@cdktf/provider-google/lib/service-account";
import { StorageHmacKey } from "@cdktf/provider-google/lib/storage-hmac-key";
import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import type { SecretRef } from "../ports";
import type { SecretManagerSecret } from "./secret-manager-secret";

export interface ObjectStoreKeyProps {
  /** Id of the service account that the key stands for: 6 to 30 lower-case letters, digits and hyphens. */
  readonly accountId: string;
  readonly project: string;
  /** What the account is for, as the console shows it. */
  readonly displayName: string;
  /** Where the key is kept for pods. */
  readonly secret: SecretManagerSecret;
}

/**
 * An HMAC key for Cloud Storage's S3 interface, which is how ObjectFS reaches a bucket: that interface knows no
 * workload identity. The key belongs to a service account of its own that may do nothing but what buckets grant it, and
 * lies in Secret Manager as `accessKeyId` and `secretAccessKey`.
 *
 * Google shows the secret half once, as an attribute of `google_storage_hmac_key`: it lands in Terraform's state.
 * Source: https://cloud.google.com/storage/docs/authentication/hmackeys
 */
export class ObjectStoreKey extends Construct {
  /** The account in the form that IAM bindings take. */
  readonly member: string;
  readonly secret: SecretRef;
  /** The key can be read from the secret. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: ObjectStoreKeyProps) {
    super(scope, id);
    const { accountId, project, displayName, secret } = props;
    if (!Token.isUnresolved(accountId) && !/^[a-z][-a-z0-9]{4,28}[a-z0-9]$/.test(accountId)) {
      refuse(this.node.path, {
        path: "accountId",
        given: accountId,
        allowed: "6 to 30 lower-case letters, digits and hyphens, a letter first and no hyphen last",
        remedy: "shorten the name of the environment",
      });
    }
    const account = new ServiceAccount(this, "account", { project, accountId, displayName });
    const key = new StorageHmacKey(this, "key", { project, serviceAccountEmail: account.email });
    const version = secret.write("object-store-key", { accessKeyId: key.accessId, secretAccessKey: key.secret }, key);
    this.member = account.member;
    this.secret = secret.ref;
    this.ready = [version];
  }
}
