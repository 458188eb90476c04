import { domainInZone, fault, overlaps, type Rule } from "./shared-rules";
import type { SizedAws } from "./sizing/environment";

/** Rules of AWS. */
export const AWS_RULES: readonly Rule<SizedAws>[] = [
  {
    reads: ["domain", "hostedZone.name"],
    check: ({ domain, hostedZone }) => domainInZone(domain, hostedZone.name, "hostedZone.name"),
  },
  {
    reads: ["region", "edge"],
    check: ({ region, edge }) =>
      edge.type === "alb" && edge.cdn && /^(cn|us-gov)-/.test(region)
        ? [
            fault(
              "edge.cdn",
              true,
              `false in ${region}: certificate and web ACL of CloudFront are in us-east-1, which accounts of China and GovCloud do not have`,
              "leave edge.cdn out, or choose a region outside China and GovCloud",
            ),
          ]
        : [],
  },
  {
    reads: ["protection", "edge"],
    check: ({ protection, edge }) =>
      edge.type === "alb" &&
      edge.cdn &&
      !(edge.waf ?? protection !== "disposable") &&
      !edge.allowedCidrs.includes("0.0.0.0/0")
        ? [
            fault(
              "edge.waf",
              edge.waf,
              "true where edge.cdn is and edge.allowedCidrs are not everybody: AWS WAF alone sees the visitor before CloudFront answers",
              "set edge.waf to true, leave edge.cdn out, or open the site to everybody",
            ),
          ]
        : [],
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
