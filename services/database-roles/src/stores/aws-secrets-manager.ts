import { createHash } from "node:crypto";
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { parseSecret, type SecretStore, type StoredSecret } from "../secrets";

/**
 * AWS Secrets Manager. Needs `secretsmanager:GetSecretValue` and `secretsmanager:PutSecretValue` on the secrets, which
 * exist already, and the use of their KMS key.
 */
export class AwsSecretsManager implements SecretStore {
  private readonly client: SecretsManagerClient;

  constructor(region: string) {
    this.client = new SecretsManagerClient({
      region,
      maxAttempts: 5,
      requestHandler: { connectionTimeout: 5_000, requestTimeout: 15_000 },
    });
  }

  async read(name: string, version?: string): Promise<StoredSecret> {
    try {
      const command = new GetSecretValueCommand({ SecretId: name, VersionId: version });
      const { VersionId = "", SecretString } = await this.client.send(command);
      if (SecretString === undefined) throw new Error(`secret ${name} is binary; it must be one JSON object`);
      return { version: VersionId, values: parseSecret(name, SecretString) };
    } catch (error) {
      // A secret that has no version yet answers like one that does not exist; writing tells them apart.
      if (error instanceof ResourceNotFoundException) return { version: "", values: {} };
      throw error;
    }
  }

  /**
   * The request token becomes the version's id and is made from the version before it: of two programs that read the
   * same version only one can write the next, and the other is told that this version exists.
   * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
   */
  async replace(name: string, values: Readonly<Record<string, unknown>>, previous: StoredSecret): Promise<boolean> {
    const token = createHash("sha256").update(`database-roles\n${name}\n${previous.version}`).digest("hex");
    try {
      await this.client.send(
        new PutSecretValueCommand({ SecretId: name, SecretString: JSON.stringify(values), ClientRequestToken: token }),
      );
      return true;
    } catch (error) {
      if (error instanceof ResourceExistsException) return false;
      if (error instanceof ResourceNotFoundException) {
        throw new Error(`secret ${name} does not exist in AWS Secrets Manager; Terraform makes it`);
      }
      throw error;
    }
  }
}
