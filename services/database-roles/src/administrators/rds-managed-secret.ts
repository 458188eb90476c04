import type { AdministratorConfiguration } from "../configuration";
import type { Patience } from "../retry";
import type { Credentials } from "../secrets";
import { AwsSecretsManager } from "../stores/aws-secrets-manager";
import type { Administrator } from "./administrator";

/**
 * The master user whose password RDS keeps in Secrets Manager and rotates. Needs `secretsmanager:GetSecretValue` on that
 * secret and the use of its KMS key.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
 */
export class RdsManagedSecret implements Administrator {
  /** A refusal means that the password was rotated since it was read. */
  readonly patience = 1;

  constructor(
    private readonly configuration: AdministratorConfiguration & { kind: "rds-managed-secret" },
    private readonly context: Patience,
  ) {}

  async credentials(): Promise<Credentials> {
    const { secretArn, region } = this.configuration;
    const { username, password } = (await new AwsSecretsManager(region).read(secretArn)).values;
    if (typeof username !== "string" || typeof password !== "string") {
      throw new Error(`secret ${secretArn} must hold the username and password that RDS keeps in it`);
    }
    this.context.log.conceal(password);
    return { username, password };
  }
}
