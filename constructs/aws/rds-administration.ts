import type { DatabaseEndpoint } from "../ports";
import type { PolicyStatement } from "./iam-policy";

/** A database, as `RdsDatabase` shows it. */
export interface AdministeredDatabase {
  readonly endpoint: Pick<DatabaseEndpoint, "administrator">;
  readonly databaseArn: string;
}

/**
 * What a program needs to act as the administrator that a database's port names: to read the password that RDS manages,
 * or to set a fresh one. `keyArn` is the key of the database.
 */
export function rdsAdministration(database: AdministeredDatabase, keyArn: string): PolicyStatement[] {
  const { administrator } = database.endpoint;
  if (administrator.kind === "rds-managed-secret") {
    return [
      { Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: administrator.secretArn },
      { Effect: "Allow", Action: ["kms:Decrypt"], Resource: keyArn },
    ];
  }
  return [
    { Effect: "Allow", Action: ["rds:DescribeDBInstances", "rds:ModifyDBInstance"], Resource: database.databaseArn },
  ];
}
