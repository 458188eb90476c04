import { SecretManagerSecret as Secret } from "@cdktf/provider-google/lib/secret-manager-secret";
import { SecretManagerSecretIamMember } from "@cdktf/provider-google/lib/secret-manager-secret-iam-member";
import { SecretManagerSecretVersion } from "@cdktf/provider-google/lib/secret-manager-secret-version";
import { type ITerraformDependable, type TerraformResource, Token } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import type { SecretRef } from "../ports";

export interface SecretManagerSecretProps {
  /** Up to 255 letters, digits, hyphens and underscores, such as `moodle-staging-1-database-application`. */
  readonly secretId: string;
  readonly project: string;
  /** The one region in which the value is kept. */
  readonly region: string;
  /** Cloud KMS key of the same region. @default a key of Google's */
  readonly keyId?: string;
  /** @default "protected" */
  readonly protection?: Protection;
}

/** Days during which a destroyed version of a protected secret can be brought back. */
const RECOVERY_DAYS = 30;

/**
 * A secret whose value Terraform never reads. A value is born in the cluster and written there; what only Terraform can
 * know at first is handed over by `write`.
 *
 * Secret Manager gives the name of a deleted secret back at once: it needs no recovery window to be disposable.
 * A destroyed version of a protected one can be restored for 30 days
 * (https://cloud.google.com/secret-manager/docs/delay-destruction-of-secret-versions).
 */
export class SecretManagerSecret extends Construct {
  readonly ref: SecretRef;
  private readonly secret: Secret;

  constructor(scope: Construct, id: string, props: SecretManagerSecretProps) {
    super(scope, id);
    const { secretId, project, region, keyId, protection = "protected" } = props;
    if (!Token.isUnresolved(secretId) && !/^[A-Za-z0-9_-]{1,255}$/.test(secretId)) {
      refuse(this.node.path, {
        path: "secretId",
        given: secretId,
        allowed: "1 to 255 letters, digits, hyphens and underscores",
        remedy: "choose another name",
      });
    }
    const isDisposable = protection === "disposable";
    this.secret = new Secret(this, "secret", {
      project,
      secretId,
      replication: {
        userManaged: {
          replicas: [
            {
              location: region,
              customerManagedEncryption: keyId === undefined ? undefined : { kmsKeyName: keyId },
            },
          ],
        },
      },
      versionDestroyTtl: isDisposable ? undefined : `${RECOVERY_DAYS * 24 * 3600}s`,
      deletionProtection: isGuarded(protection),
      lifecycle: { preventDestroy: isGuarded(protection) },
    });
    this.ref = { store: "google-secret-manager", name: secretId };
  }

  /** Lets `member`, such as `serviceAccount:...`, read the value. */
  grantRead(id: string, member: string): ITerraformDependable {
    return this.grant(id, "roles/secretmanager.secretAccessor", member);
  }

  /** Lets `member` add a value. It may neither read nor remove one by this alone. */
  grantAdd(id: string, member: string): ITerraformDependable {
    return this.grant(id, "roles/secretmanager.secretVersionAdder", member);
  }

  /**
   * Writes one JSON object as the value, without a copy in this resource's state, and anew whenever `source` is
   * replaced. Values are tokens that hold neither quotes nor backslashes.
   */
  write(id: string, value: Readonly<Record<string, string>>, source: TerraformResource): ITerraformDependable {
    return new SecretManagerSecretVersion(this, id, {
      secret: this.secret.id,
      secretDataWo: JSON.stringify(value),
      secretDataWoVersion: 1,
      lifecycle: {
        createBeforeDestroy: true,
        replaceTriggeredBy: [`${source.terraformResourceType}.${source.friendlyUniqueId}.id`],
      },
    });
  }

  private grant(id: string, role: string, member: string): ITerraformDependable {
    return new SecretManagerSecretIamMember(this, id, { secretId: this.secret.id, role, member });
  }
}
