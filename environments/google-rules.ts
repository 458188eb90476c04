import type { Fault } from "../constructs/core/errors";
import { allowedCapacity, defaultTier, FILESTORE_TIERS } from "../constructs/google/filestore-tiers";
import { gpusOfMachineType } from "../constructs/google/gpu-machine-types";
import { parseCidr } from "./fields";
import { zonesOf } from "./google-zones";
import { domainInZone, fault, overlaps, type Rule } from "./shared-rules";
import { cloudSqlTier } from "./sizing/classes";
import type { SizedGoogle } from "./sizing/environment";

/** Rules of Google Cloud. */
export const GOOGLE_RULES: readonly Rule<SizedGoogle>[] = [
  {
    reads: ["domain", "managedZone.dnsName"],
    check: ({ domain, managedZone }) => domainInZone(domain, managedZone.dnsName, "managedZone.dnsName"),
  },
  {
    reads: ["network"],
    check: ({ network }) =>
      overlaps(Object.fromEntries(Object.entries(network).map(([field, range]) => [`network.${field}`, range]))),
  },
  {
    reads: ["monitoring", "moodle.mail"],
    check: ({ monitoring, moodle }) =>
      monitoring !== undefined && monitoring.alerts.receiver === undefined && moodle.mail === undefined
        ? [
            fault(
              "monitoring.alerts.receiver",
              undefined,
              "pagerduty, slack or webhook where the site has no mail relay, by which the cluster could send its alerts",
              "give moodle.mail, or a receiver",
            ),
          ]
        : [],
  },
  {
    reads: ["database.edition", "database.backupRetentionDays"],
    check: ({ database: { edition, backupRetentionDays } }) =>
      edition === "ENTERPRISE" && (backupRetentionDays ?? 0) > 7
        ? [
            fault(
              "database.backupRetentionDays",
              backupRetentionDays,
              "7 or less with edition ENTERPRISE",
              "lower the value, or choose edition ENTERPRISE_PLUS",
            ),
          ]
        : [],
  },
  {
    reads: ["sizing", "protection", "files"],
    check: ({ protection, files }) =>
      (["capacityGb", "modelsCapacityGb"] as const).flatMap((field) => {
        const allowed = allowedCapacity(files.tier ?? defaultTier(protection), files[field]);
        const remedy = "change the value, or choose another tier in files.tier";
        return allowed === undefined ? [] : [fault(`files.${field}`, files[field], allowed, remedy)];
      }),
  },
  {
    reads: ["protection", "files.tier", "network.filesCidr", "network.modelsCidr"],
    check: ({ protection, files, network }) => {
      const tier = files.tier ?? defaultTier(protection);
      const longest = FILESTORE_TIERS[tier].prefix;
      return (["filesCidr", "modelsCidr"] as const)
        .filter((field) => (parseCidr(network[field])?.bitmask ?? 0) > longest)
        .map((field) =>
          fault(
            `network.${field}`,
            network[field],
            `a /${longest} or larger with files.tier ${tier}`,
            "give a larger range or choose another tier",
          ),
        );
    },
  },
  {
    reads: ["database.edition", "database.tier", "database.replicaTier"],
    check: ({ database: { edition, ...database } }) =>
      (["tier", "replicaTier"] as const).flatMap((field) => {
        const { [field]: tier } = database;
        if (tier === undefined) return [];
        const path = `database.${field}`;
        if (tier.startsWith("db-perf-optimized") !== (edition === "ENTERPRISE_PLUS")) {
          const allowed =
            edition === "ENTERPRISE_PLUS" ? "db-perf-optimized-N-<processors>" : "db-custom-<processors>-<MiB>";
          return [fault(path, tier, `${allowed} with edition ${edition}`, "change the tier or the edition")];
        }
        return customTier(path, tier);
      }),
  },
  {
    reads: ["sizing", "database"],
    check: ({ database: { engine, tier, replicaTier, readReplicas } }) => {
      if (replicaTier === undefined) return [];
      if (readReplicas === 0) {
        return [fault("database.replicaTier", replicaTier, "nothing where readReplicas is 0", "leave it out")];
      }
      if (engine !== "postgresql") return [];
      const [primary, replica] = [cloudSqlTier(tier), cloudSqlTier(replicaTier)];
      // Cloud SQL: "master instance can not be larger than replica".
      return replica.processors < primary.processors || replica.memoryMb < primary.memoryMb
        ? [
            fault(
              "database.replicaTier",
              replicaTier,
              `no fewer processors and no less memory than database.tier (${tier}), with PostgreSQL`,
              "raise it, or leave it out",
            ),
          ]
        : [];
    },
  },
  {
    reads: ["cluster.gpu"],
    check: ({ cluster: { gpu } }) => {
      const own = gpu && gpusOfMachineType(gpu.machineType);
      return own !== undefined && gpu?.count !== undefined && gpu.count !== own
        ? [
            fault(
              "cluster.gpu.count",
              gpu.count,
              `${own}, as many as ${gpu.machineType} has`,
              "leave it out, or choose another machine type",
            ),
          ]
        : [];
    },
  },
  {
    reads: ["region", "zones", "cluster.gpu"],
    check: ({ region, zones = zonesOf(region), cluster: { gpu } }) => {
      const foreign = (gpu?.zones ?? []).filter((zone) => !zones.includes(zone));
      return foreign.length > 0
        ? [fault("cluster.gpu.zones", foreign, `zones of the environment: ${zones.join(", ")}`, "name some of these")]
        : [];
    },
  },
  {
    reads: ["inference", "cluster.gpu"],
    check: ({ inference, cluster: { gpu } }) => {
      if (gpu === undefined) return [];
      const most = gpu.count ?? gpusOfMachineType(gpu.machineType) ?? 1;
      return (inference?.models ?? []).flatMap(({ gpus = 0 }, index) =>
        gpus > most
          ? [
              fault(
                `inference.models.${index}.gpus`,
                gpus,
                `${most} or fewer, as many as a node of cluster.gpu has`,
                "lower it, or choose a machine type with more GPUs in cluster.gpu.machineType",
              ),
            ]
          : [],
      );
    },
  },
  {
    reads: ["state.bucket"],
    check: ({ state: { bucket } }) =>
      bucket !== undefined && /^goog|google|g00gle/.test(bucket)
        ? [
            fault(
              "state.bucket",
              bucket,
              'a name that neither starts with "goog" nor holds "google"',
              "choose another name",
            ),
          ]
        : [],
  },
];

/** Source: https://cloud.google.com/sql/docs/postgres/create-instance#machine-types */
function customTier(path: string, tier: string): Fault[] {
  const [, processors, memoryMb] = /^db-custom-(\d+)-(\d+)$/.exec(tier)?.map(Number) ?? [];
  if (processors === undefined || memoryMb === undefined) return [];
  const fits =
    (processors === 1 || processors % 2 === 0) &&
    processors >= 1 &&
    processors <= 96 &&
    memoryMb % 256 === 0 &&
    memoryMb >= Math.max(3840, processors * 922) &&
    memoryMb <= processors * 6656;
  return fits
    ? []
    : [
        fault(
          path,
          tier,
          "1 or an even number of processors up to 96; memory a multiple of 256 MiB, from 3840 MiB and 0.9 GiB a processor up to 6.5 GiB a processor",
          "choose a size such as db-custom-2-8192",
        ),
      ];
}
