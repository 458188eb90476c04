import { refuse } from "../core/errors";
import type { DatabaseEndpoint } from "../ports";
import { RDS_ENGINES } from "./rds-engine";

/** What of a database on RDS excludes each other. */
export interface RdsChoices {
  readonly name: string;
  readonly engine: DatabaseEndpoint["engine"];
  readonly topology?: "single" | "multi-az" | "multi-az-cluster";
  readonly readReplicas?: number;
  readonly masterPassword: "rds-managed" | "write-only";
}

/** @throws ConfigurationError where the choices exclude each other */
export function checkRdsDatabase(construct: string, choices: RdsChoices): void {
  const refused = (path: string, given: unknown, allowed: string, remedy: string): never =>
    refuse(construct, { path, given, allowed, remedy });
  const { masterPassword } = choices;
  const isCluster = choices.topology === "multi-az-cluster";
  const replicas = choices.readReplicas ?? 0;
  if (!/^(?!.*--)[a-z][a-z0-9-]{0,38}[a-z0-9]$/.test(choices.name)) {
    refused(
      "name",
      choices.name,
      "2 to 40 lower-case letters, digits and single hyphens, a letter first",
      "choose another name",
    );
  }
  if (isCluster && !RDS_ENGINES[choices.engine].hasClusters) {
    refused("topology", choices.topology, '"single" or "multi-az" for MariaDB', "change the topology or the engine");
  }
  if (isCluster && replicas > 0) {
    refused(
      "readReplicas",
      replicas,
      "0 with a Multi-AZ DB cluster, which has two readable standbys",
      'set readReplicas to 0, or topology to "multi-az"',
    );
  }
  if (isCluster && masterPassword !== "rds-managed") {
    refused(
      "masterPassword",
      masterPassword,
      '"rds-managed" for a Multi-AZ DB cluster',
      'leave masterPassword out, or set topology to "multi-az"',
    );
  }
  if (replicas > 15 || replicas < 0) {
    refused("readReplicas", replicas, "0 to 15", "lower readReplicas");
  }
  if (replicas > 0 && masterPassword === "rds-managed") {
    refused(
      "masterPassword",
      masterPassword,
      '"write-only" beside stand-alone read replicas',
      'leave masterPassword out, set readReplicas to 0, or choose topology "multi-az-cluster"',
    );
  }
}
