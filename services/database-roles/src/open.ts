/** Stores and databases by their names. A client library is loaded when it is first asked for: each takes tens of megabytes. */
import type { Stores } from "./configuration";
import type { DatabaseServer, ServerOptions } from "./databases/server";
import type { Patience } from "./retry";
import type { SecretStore } from "./secrets";

export type StoreName = keyof Stores;

/** @throws Error where `stores` does not describe it */
export async function openStore(stores: Stores, name: StoreName, patience: Patience): Promise<SecretStore> {
  const { "aws-secrets-manager": aws, "google-secret-manager": google, vault } = stores;
  if (name === "aws-secrets-manager" && aws !== undefined) {
    const { AwsSecretsManager } = await import("./stores/aws-secrets-manager.js");
    return new AwsSecretsManager(aws.region);
  }
  if (name === "google-secret-manager" && google !== undefined) {
    const { GoogleSecretManager } = await import("./stores/google-secret-manager.js");
    return new GoogleSecretManager(google.project);
  }
  if (name === "vault" && vault !== undefined) {
    const { Vault } = await import("./stores/vault.js");
    return new Vault(vault, patience);
  }
  throw new Error(`the configuration describes no store ${name}`);
}

export async function openDatabase(
  engine: "postgresql" | "mysql" | "mariadb",
  options: ServerOptions,
): Promise<DatabaseServer> {
  if (engine === "postgresql") {
    const { PostgresqlServer } = await import("./databases/postgresql.js");
    return new PostgresqlServer(options);
  }
  const { MysqlServer } = await import("./databases/mysql.js");
  return new MysqlServer(engine, options);
}
