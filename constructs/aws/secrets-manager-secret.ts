import { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import { Token } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import type { SecretRef } from "../ports";
import type { PolicyStatement } from "./iam-policy";

export interface SecretsManagerSecretProps {
  /** Such as `moodle-production-1-database-application`. */
  readonly name: string;
  readonly description: string;
  /** Encrypts the value. */
  readonly keyArn: string;
  /** @default "protected": 30 days to recover a deleted secret, during which its name is taken; else none */
  readonly protection?: Protection;
}

/**
 * An empty secret in AWS Secrets Manager. Whoever holds `writeStatements` puts the value in; Terraform never sees it.
 *
 * @throws ConfigurationError for a name that Secrets Manager refuses
 */
export class SecretsManagerSecret extends Construct {
  readonly ref: SecretRef;
  readonly secretArn: string;
  private readonly keyArn: string;

  constructor(scope: Construct, id: string, props: SecretsManagerSecretProps) {
    super(scope, id);
    const { name, description, keyArn } = props;
    const isDisposable = props.protection === "disposable";
    if (!Token.isUnresolved(name) && !/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name)) {
      refuse(this.node.path, {
        path: "name",
        given: name,
        allowed: "1 to 512 letters, digits and / _ + = . @ -",
        remedy: "choose another name",
      });
    }
    const secret = new SecretsmanagerSecret(this, "secret", {
      name,
      description,
      kmsKeyId: keyArn,
      recoveryWindowInDays: isDisposable ? 0 : 30,
      lifecycle: { preventDestroy: isGuarded(props.protection) },
    });
    this.ref = { store: "aws-secrets-manager", name };
    this.secretArn = secret.arn;
    this.keyArn = keyArn;
  }

  readStatements(): PolicyStatement[] {
    return [
      {
        Effect: "Allow",
        Action: ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
        Resource: this.secretArn,
      },
      { Effect: "Allow", Action: ["kms:Decrypt"], Resource: this.keyArn },
    ];
  }

  /** Reading is apart. */
  writeStatements(): PolicyStatement[] {
    return [
      { Effect: "Allow", Action: ["secretsmanager:PutSecretValue"], Resource: this.secretArn },
      { Effect: "Allow", Action: ["kms:GenerateDataKey", "kms:Decrypt"], Resource: this.keyArn },
    ];
  }
}
