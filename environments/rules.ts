/**
 * Rules that join several fields. Each names the fields it reads, so that it runs even where other fields are wrong:
 * a reader sees every fault at once.
 */
import type { Fault } from "../constructs/core/errors";
import { parseCidr } from "./fields";
import type { ParsedEnvironment } from "./schema";

type Aws = Extract<ParsedEnvironment, { cloud: "aws" }>;
type Google = Extract<ParsedEnvironment, { cloud: "google" }>;

export interface Rule<E> {
  /** Paths of the fields that the rule reads; it is left out where one of them is wrong in itself. */
  readonly reads: readonly string[];
  /** The faults it finds; paths are relative to the environment. */
  check(environment: E): readonly Fault[];
}

/**
 * Oldest database that each branch of Moodle accepts.
 * Source: https://moodledev.io/general/releases and Moodle's own admin/environment.xml.
 */
export const DATABASE_REQUIREMENTS = {
  "4.5": { postgresql: "13", mysql: "8.0", mariadb: "10.6.7" },
  "5.1": { postgresql: "15", mysql: "8.4", mariadb: "10.11" },
  "5.2": { postgresql: "16", mysql: "8.4", mariadb: "10.11" },
} as const;

const common: readonly Rule<ParsedEnvironment>[] = [
  {
    reads: ["name", "protection"],
    check: ({ name, protection }) =>
      name === "production" && protection === "disposable"
        ? [fault("protection", protection, '"protected"', "protect production, or give the environment another name")]
        : [],
  },
  {
    reads: ["moodle.version", "database.engine", "database.version"],
    check: ({ moodle, database }) => {
      const oldest = DATABASE_REQUIREMENTS[moodle.version][database.engine];
      return isOlder(database.version, oldest)
        ? [
            fault(
              "database.version",
              database.version,
              `${oldest} or newer for Moodle ${moodle.version}`,
              "raise database.version or lower moodle.version",
            ),
          ]
        : [];
    },
  },
  {
    reads: ["moodle.version", "moodle.fileStorage"],
    check: ({ moodle }) =>
      moodle.version !== "4.5" && moodle.fileStorage === "object-store"
        ? [
            fault(
              "moodle.fileStorage",
              moodle.fileStorage,
              `"shared-files" for Moodle ${moodle.version}: ObjectFS supports 4.5 at most`,
              'set moodle.fileStorage to "shared-files", or moodle.version to "4.5"',
            ),
          ]
        : [],
  },
  {
    reads: ["moodle.web.minReplicas", "moodle.web.maxReplicas"],
    check: ({ moodle: { web } }) =>
      web.minReplicas > web.maxReplicas
        ? [
            fault(
              "moodle.web.minReplicas",
              web.minReplicas,
              `at most moodle.web.maxReplicas (${web.maxReplicas})`,
              "lower minReplicas or raise maxReplicas",
            ),
          ]
        : [],
  },
  {
    reads: ["protection", "backups.lockDays"],
    check: ({ protection, backups }) =>
      protection === "disposable" && (backups.lockDays ?? 0) > 0
        ? [
            fault(
              "backups.lockDays",
              backups.lockDays,
              "0 where protection is disposable: a locked backup cannot be destroyed",
              "leave lockDays out, or protect the environment",
            ),
          ]
        : [],
  },
];

const zones: Rule<ParsedEnvironment> = {
  reads: ["region", "zones", "protection"],
  check: ({ zones: given, region, protection }) => {
    if (given === undefined) return [];
    const needed = protection === "protected" ? 3 : 2;
    const foreign = given.filter((zone) => !zone.startsWith(region));
    return [
      ...(new Set(given).size < needed
        ? [
            fault(
              "zones",
              given,
              `${needed} different zones or more where ${protection}`,
              "name more zones of the region",
            ),
          ]
        : []),
      ...(foreign.length > 0
        ? [fault("zones", foreign, `zones of ${region}`, "name zones of the environment's own region")]
        : []),
    ];
  },
};

const aws: readonly Rule<Aws>[] = [
  {
    reads: ["domain", "hostedZone.name"],
    check: ({ domain, hostedZone }) => domainInZone(domain, hostedZone.name, "hostedZone.name"),
  },
  {
    reads: ["ci", "cluster.administrators"],
    check: ({ ci, cluster: { administrators } }) =>
      ci === undefined && administrators.length === 0
        ? [
            fault(
              "cluster.administrators",
              administrators,
              "one ARN or more where no CI deploys: the first is who deploys",
              "name the IAM role or user that runs cdktf deploy, or set ci",
            ),
          ]
        : [],
  },
  {
    reads: ["region", "backups.replicaRegion"],
    check: ({ region, backups: { replicaRegion } }) =>
      replicaRegion === region
        ? [
            fault(
              "backups.replicaRegion",
              replicaRegion,
              `a region other than ${region}`,
              "name another region, or none",
            ),
          ]
        : [],
  },
  {
    reads: ["network.cidr", "network.serviceCidr"],
    check: ({ network }) => overlaps({ "network.cidr": network.cidr, "network.serviceCidr": network.serviceCidr }),
  },
  {
    reads: ["database.readReplicas", "database.masterPassword", "database.topology"],
    check: ({ database }) =>
      database.readReplicas > 0 && database.masterPassword === "rds-managed"
        ? [
            fault(
              "database.masterPassword",
              database.masterPassword,
              '"write-only" beside stand-alone read replicas: RDS refuses replicas of an instance whose password it manages',
              'leave masterPassword out, set readReplicas to 0, or choose topology "multi-az-cluster", whose standbys are readable',
            ),
          ]
        : [],
  },
  {
    reads: [
      "database.topology",
      "database.readReplicas",
      "database.engine",
      "database.masterPassword",
      "database.instanceClass",
      "database.storageGb",
    ],
    check: ({ database }) => {
      if (database.topology !== "multi-az-cluster") return [];
      return [
        ...(database.readReplicas > 0
          ? [
              fault(
                "database.readReplicas",
                database.readReplicas,
                "0 with a Multi-AZ DB cluster, which has two readable standbys of its own",
                'set readReplicas to 0, or topology to "multi-az"',
              ),
            ]
          : []),
        ...(database.engine === "mariadb"
          ? [
              fault(
                "database.topology",
                database.topology,
                '"single" or "multi-az" for MariaDB: Multi-AZ DB clusters run PostgreSQL and MySQL only',
                "change the topology or the engine",
              ),
            ]
          : []),
        ...(database.masterPassword === "write-only"
          ? [
              fault(
                "database.masterPassword",
                database.masterPassword,
                '"rds-managed" for a Multi-AZ DB cluster',
                'leave masterPassword out, or set topology to "multi-az"',
              ),
            ]
          : []),
        ...(/^db\.[a-z]+\d+[a-z]*d[a-z]*\./.test(database.instanceClass)
          ? []
          : [
              fault(
                "database.instanceClass",
                database.instanceClass,
                "a class with local NVMe storage (a d in its family) for a Multi-AZ DB cluster",
                'choose one such as db.m6gd.large, or topology "multi-az"',
              ),
            ]),
        // RDS gives gp3 3000 IOPS below 400 GiB and 12000 above, and a cluster between 0.5 and 50 a GiB.
        ...(database.storageGb >= 60 && database.storageGb <= 24000
          ? []
          : [
              fault(
                "database.storageGb",
                database.storageGb,
                "60 to 24000 for a Multi-AZ DB cluster",
                'change the size, or set topology to "multi-az"',
              ),
            ]),
      ];
    },
  },
  {
    reads: ["database.topology", "zones"],
    check: ({ database, zones: given }) =>
      database.topology === "multi-az-cluster" && given !== undefined && given.length < 3
        ? [fault("zones", given, "3 zones or more for a Multi-AZ DB cluster", "name three zones of the region")]
        : [],
  },
  {
    reads: ["database.storageGb", "database.maxStorageGb"],
    check: ({ database: { storageGb, maxStorageGb } }) =>
      maxStorageGb < storageGb * 1.1
        ? [
            fault(
              "database.maxStorageGb",
              maxStorageGb,
              `at least a tenth more than storageGb (${Math.ceil(storageGb * 1.1)})`,
              "raise maxStorageGb or lower storageGb",
            ),
          ]
        : [],
  },
  {
    reads: ["state.bucket"],
    check: ({ state: { bucket } }) =>
      bucket !== undefined && /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|--x-s3|--table-s3)$/.test(bucket)
        ? [
            fault(
              "state.bucket",
              bucket,
              "a name without the prefixes and suffixes that S3 reserves",
              "choose another name",
            ),
          ]
        : [],
  },
];

const google: readonly Rule<Google>[] = [
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
    reads: ["files.tier", "files.capacityGb"],
    check: ({ files: { tier, capacityGb } }) =>
      tier === "ZONAL" && capacityGb < 1024
        ? [fault("files.capacityGb", capacityGb, "1024 or more with tier ZONAL", "raise it or choose another tier")]
        : [],
  },
  {
    reads: ["protection", "files.tier", "network.filesCidr"],
    check: ({ protection, files, network }) => {
      const tier = files.tier ?? (protection === "protected" ? "REGIONAL" : "BASIC_HDD");
      const longest = tier === "BASIC_HDD" ? 29 : 26;
      return (parseCidr(network.filesCidr)?.bitmask ?? 0) > longest
        ? [
            fault(
              "network.filesCidr",
              network.filesCidr,
              `a /${longest} or larger with files.tier ${tier}`,
              "give a larger range or choose another tier",
            ),
          ]
        : [];
    },
  },
  {
    reads: ["database.edition", "database.tier"],
    check: ({ database: { edition, tier } }) => {
      if (tier.startsWith("db-perf-optimized") !== (edition === "ENTERPRISE_PLUS")) {
        const allowed =
          edition === "ENTERPRISE_PLUS" ? "db-perf-optimized-N-<processors>" : "db-custom-<processors>-<MiB>";
        return [fault("database.tier", tier, `${allowed} with edition ${edition}`, "change the tier or the edition")];
      }
      return customTier(tier);
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

export const RULES = { aws: [...common, zones, ...aws], google: [...common, zones, ...google] };

function fault(path: string, given: unknown, allowed: string, remedy: string): Fault {
  return { path, given, allowed, remedy };
}

function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split(".").map(Number));
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function domainInZone(domain: string, zone: string, zoneField: string): Fault[] {
  return domain === zone || domain.endsWith(`.${zone}`)
    ? []
    : [fault("domain", domain, `a name in the zone ${zone}`, `change domain, or name its zone in ${zoneField}`)];
}

function overlaps(ranges: Readonly<Record<string, string>>): Fault[] {
  const entries = Object.entries(ranges);
  return entries.flatMap(([path, range], index) =>
    entries.slice(0, index).flatMap(([earlierPath, earlier]) => {
      const [a, b] = [parseCidr(range), parseCidr(earlier)];
      return a !== undefined && b !== undefined && (a.contains(b) || b.contains(a))
        ? [fault(path, range, `a range apart from ${earlierPath} (${earlier})`, "move one of the two ranges")]
        : [];
    }),
  );
}

/** Source: https://cloud.google.com/sql/docs/postgres/create-instance#machine-types */
function customTier(tier: string): Fault[] {
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
          "database.tier",
          tier,
          "1 or an even number of processors up to 96; memory a multiple of 256 MiB, from 3840 MiB and 0.9 GiB a processor up to 6.5 GiB a processor",
          "choose a size such as db-custom-2-8192",
        ),
      ];
}
