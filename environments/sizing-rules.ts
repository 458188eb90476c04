/** Whether the figures of a site fit together, those that are given and those that follow. */
import type { Fault } from "../constructs/core/errors";
import { fault, type Rule } from "./shared-rules";
import { CONNECTIONS, MAX_CONNECTIONS } from "./sizing/assumptions";
import { connectionsFor, connectionsOfPod, nodesFor, otherConnections } from "./sizing/demands";
import { demandOf, figuresOf, type SizedEnvironment } from "./sizing/environment";

/** What decides how many pods there are. */
const PODS = ["sizing", "protection", "moodle.web", "moodle.cron", "moodle.adhoc"];

export const SIZING_RULES: readonly Rule<SizedEnvironment>[] = [
  { reads: [...PODS, "database"], check: connections },
  {
    reads: [...PODS, "moodle.antivirus", "moodle.analytics", "inference", "knative", "model", "cluster.nodes"],
    check: nodes,
  },
];

/** A web server that finds no free connection answers with an error, and so do the backup and the administrator. */
function connections(environment: SizedEnvironment): Fault[] {
  const demand = demandOf(environment);
  const figures = figuresOf(environment);
  const { web, cron, adhoc, database, maxConnections } = figures;
  const needed = connectionsFor(figures, demand);
  if (needed <= maxConnections) return [];
  const others = otherConnections(demand);
  const each = connectionsOfPod(web);
  const workers = cron.replicas + adhoc.replicas;
  const pods = Math.floor(((maxConnections - others) / CONNECTIONS.generations - workers) / each);
  const [field, size] = environment.cloud === "aws" ? ["instanceClass", "class"] : ["tier", "tier"];
  return [
    fault(
      "database.maxConnections",
      maxConnections,
      `${needed} or more: ${web.maxReplicas} web pods with ${each} each and ${workers} workers, twice in an upgrade, and ${others} others`,
      `name a larger ${size} in database.${field} (${database.name} gets ${MAX_CONNECTIONS.perGb} for each GiB)${
        pods > 0 ? `, or lower moodle.web.maxReplicas to ${pods}` : ""
      }`,
    ),
  ];
}

/** Pods that find no node wait, and an upgrade with them. */
function nodes(environment: SizedEnvironment): Fault[] {
  const needed = nodesFor(figuresOf(environment), demandOf(environment));
  const { nodes: given } = environment.cluster;
  return (["cpuLimit", "memoryLimitGb"] as const)
    .filter((field) => given[field] < needed[field])
    .map((field) =>
      fault(
        `cluster.nodes.${field}`,
        given[field],
        `${needed[field]} or more: room for twice moodle.web.maxReplicas (${environment.moodle.web.maxReplicas}), which an upgrade needs, for models at their maxReplicas, and for all else`,
        "raise or leave out the limit, or lower moodle.web.maxReplicas or those of models",
      ),
    );
}
