import { Fn, Token } from "cdktf";
import type { CloudSnapshotSource } from "../ports";
import type { PolicyStatement } from "./iam-policy";

export interface RdsSnapshotsProps {
  /** ARN of the instance or the cluster. */
  readonly databaseArn: string;
  /** @default "instance" */
  readonly of?: "instance" | "cluster";
  readonly region: string;
}

/** A database of which snapshots are made, and what whoever makes them may do. */
export interface RdsSnapshots {
  readonly source: CloudSnapshotSource;
  readonly statements: readonly PolicyStatement[];
}

/**
 * To make snapshots of one database, named `<identifier>-backup-<id>`, and to delete those again: neither a person's own
 * snapshots nor the automated ones.
 * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
 */
export function rdsSnapshots({ databaseArn, of, region }: RdsSnapshotsProps): RdsSnapshots {
  const isCluster = of === "cluster";
  // arn:<partition>:rds:<region>:<account>:db:<identifier>
  const parts = Fn.split(":", databaseArn);
  const part = (index: number): string => Token.asString(Fn.element(parts, index));
  const type = isCluster ? "cluster-snapshot" : "snapshot";
  const snapshots = `arn:${part(1)}:rds:${region}:${part(4)}:${type}:${part(6)}-backup-*`;
  const noun = isCluster ? "DBClusterSnapshot" : "DBSnapshot";
  return {
    source: { kind: isCluster ? "rds-cluster" : "rds", identifier: part(6), region },
    statements: [
      { Effect: "Allow", Action: [`rds:Create${noun}`, `rds:Describe${noun}s`], Resource: [databaseArn, snapshots] },
      { Effect: "Allow", Action: [`rds:Delete${noun}`], Resource: snapshots },
    ],
  };
}
