import { z } from "zod";
import { BY_SIZE, cidr, clientCidr, count, email, hostname, matching } from "./fields";
import {
  BACKUPS,
  backupFields,
  edgeNone,
  kubernetesVersion,
  maxConnections,
  sharedFields,
  stateBucket,
} from "./shared-schema";

const zone = matching(/^[a-z]+-[a-z]+[0-9]{1,2}-[a-z]$/, "a zone, such as europe-west3-a");

const cloudSqlTierName = matching(
  /^db-(custom-[0-9]+-[0-9]+|perf-optimized-N-[0-9]+)$/,
  "db-custom-<processors>-<MiB>, or db-perf-optimized-N-<processors> with ENTERPRISE_PLUS",
);

const cloudSqlShared = {
  edition: z.enum(["ENTERPRISE", "ENTERPRISE_PLUS"]).default("ENTERPRISE").describe("Edition of Cloud SQL."),
  tier: cloudSqlTierName.optional().describe(`Machine type of the database. ${BY_SIZE}`),
  maxConnections,
  storageGb: count(20, 65536).default(100).describe("Storage at the start, in GiB; it grows by itself."),
  availability: z
    .enum(["ZONAL", "REGIONAL"])
    .optional()
    .describe("REGIONAL keeps a standby in another zone. Default: REGIONAL where protected, ZONAL where disposable."),
  readReplicas: count(0, 5).default(0).describe("Read replicas."),
  replicaTier: cloudSqlTierName
    .optional()
    .describe(
      "Machine type of the read replicas. Those of PostgreSQL cannot be smaller than the database: to make it larger, raise this one first, and deploy. Default: that of the database.",
    ),
  backupRetentionDays: count(1, 35)
    .optional()
    .describe("Days of point-in-time recovery. Default: 7 where protected, 1 where disposable."),
};

const googleDatabase = z
  .discriminatedUnion("engine", [
    z.strictObject({
      engine: z.literal("postgresql"),
      version: z.enum(["15", "16", "17"]).default("17").describe("Major version of PostgreSQL."),
      ...cloudSqlShared,
    }),
    z.strictObject({
      engine: z.literal("mysql"),
      version: z.enum(["8.4"]).default("8.4").describe("Version of MySQL."),
      ...cloudSqlShared,
    }),
  ])
  .prefault({ engine: "postgresql" })
  .describe("The managed database.");

const allowedCidrs = z
  .array(clientCidr)
  .min(1)
  .max(10)
  .default(["0.0.0.0/0"])
  .describe("Networks that may use the site.");

/** What an environment on Google Cloud may say. */
export const googleSchema = z.strictObject({
  ...sharedFields,
  cloud: z.literal("google").describe("It decides which fields exist."),
  backups: z
    .strictObject({
      ...backupFields,
      readers: z
        .array(matching(/^(principal|serviceAccount):.+$/, "a member of IAM: principal://... or serviceAccount:..."))
        .default([])
        .describe(
          "Who may read these backups beside the site: identities of other environments that restore from them.",
        ),
      restoreFrom: z
        .strictObject({
          bucket: matching(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, "the name of a bucket").describe("Its name."),
        })
        .optional()
        .describe(
          "Another environment's backups, from which restores come; its `readers` must admit this one. Default: the environment's own.",
        ),
    })
    .prefault({})
    .describe(BACKUPS),
  project: matching(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, "the id of a Google Cloud project").describe(
    "Google Cloud project.",
  ),
  projectNumber: matching(/^[0-9]{6,19}$/, "the number of the project: gcloud projects describe <project>").describe(
    "Its number: the service agents of Google's services are named by it.",
  ),
  region: matching(/^[a-z]+-[a-z]+[0-9]{1,2}$/, "a Google Cloud region, such as europe-west3").describe(
    "Google Cloud region.",
  ),
  zones: z
    .array(zone)
    .max(6)
    .optional()
    .describe("Zones. Default: a, b and c of the region; b, c and d of europe-west1 and us-east1, which have no a."),
  managedZone: z
    .strictObject({
      name: matching(/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/, "the name of a Cloud DNS zone").describe("Its resource name."),
      dnsName: hostname.describe("The domain it serves, such as example.edu."),
    })
    .describe("The public Cloud DNS zone in which the site's records are made."),
  network: z
    .strictObject({
      nodesCidr: cidr(26, 16).default("10.30.0.0/20").describe("Addresses of nodes."),
      podsCidr: cidr(21, 9).default("10.32.0.0/14").describe("Addresses of pods."),
      servicesCidr: cidr(24, 16).default("10.36.0.0/20").describe("Addresses of services."),
      sessionsCidr: cidr(29, 29)
        .default("10.37.0.0/29")
        .describe("Addresses of the Memorystore instance for sessions."),
      cacheCidr: cidr(29, 29).default("10.37.0.8/29").describe("Addresses of the Memorystore instance for caches."),
      filesCidr: cidr(29, 24)
        .default("10.37.1.0/26")
        .describe("Addresses of Filestore, which takes the first: a /29 for BASIC_HDD, a /26 for ZONAL and REGIONAL."),
      modelsCidr: cidr(29, 24)
        .default("10.37.1.64/26")
        .describe('Addresses of the Filestore of models with `pull: "warm-cache"`, as those of filesCidr.'),
    })
    .prefault({})
    .describe("The network."),
  cluster: z
    .strictObject({
      kubernetesVersion,
      releaseChannel: z.enum(["REGULAR", "STABLE", "EXTENDED"]).default("REGULAR").describe("GKE release channel."),
      location: z
        .enum(["regional", "zonal"])
        .optional()
        .describe("Where the control plane and nodes are. Default: regional where protected, zonal where disposable."),
      authorizedCidrs: z
        .array(clientCidr)
        .default([])
        .describe(
          "Networks that may use the cluster's IP endpoint. Default: none; the DNS endpoint checks identities.",
        ),
      administrators: z
        .array(matching(/^(user|group|serviceAccount):.+@.+$/, "user:, group: or serviceAccount: and an address"))
        .default([])
        .describe("Who may administer the cluster beside the deployer."),
      systemNodes: z
        .strictObject({
          machineType: matching(/^[a-z][a-z0-9]*-[a-z0-9-]+$/, "a machine type, such as e2-standard-2")
            .default("e2-standard-2")
            .describe("Their machine type."),
          count: count(1, 20).default(1).describe("How many in each zone."),
        })
        .prefault({})
        .describe("Nodes for the cluster's own programs."),
      nodes: z
        .strictObject({
          cpuLimit: count(4, 10000).optional().describe(`Processors at most over all nodes. ${BY_SIZE}`),
          memoryLimitGb: count(8, 100000).optional().describe(`Memory at most over all nodes, in GiB. ${BY_SIZE}`),
        })
        .prefault({})
        .describe("Nodes that node auto-provisioning buys for everything else."),
      gpu: z
        .strictObject({
          machineType: matching(/^[a-z][a-z0-9]*-[a-z0-9-]+$/, "a machine type, such as g2-standard-4")
            .default("g2-standard-4")
            .describe("Machine type of the nodes."),
          accelerator: matching(/^nvidia-[a-z0-9-]+$/, "an accelerator type, such as nvidia-l4")
            .default("nvidia-l4")
            .describe("Type of their GPU."),
          count: count(1, 16)
            .optional()
            .describe("GPUs of one node. Default: those of the machine type, or 1 where it has none of its own."),
          zones: z
            .array(zone)
            .min(1)
            .max(6)
            .optional()
            .describe(
              "Those of the environment's zones that offer the GPU; GKE refuses a pool with another. Default: those of the cluster.",
            ),
          limit: count(1, 1000).default(4).describe("Nodes at most."),
          spot: z.boolean().default(true).describe("Whether nodes may be taken away at any time, for a lower price."),
        })
        .optional()
        .describe("A pool of GPU nodes that scales from zero. Default: none."),
    })
    .prefault({})
    .describe("The GKE cluster."),
  database: googleDatabase,
  redis: z
    .strictObject({
      groups: z
        .enum(["separate", "shared"])
        .optional()
        .describe(
          "Sessions and cache apart, or one instance for both. Default: separate where protected, shared where disposable.",
        ),
      sessionsMemoryGb: count(1, 300)
        .optional()
        .describe(`Memory for sessions, and for everything where one instance is shared, in GiB. ${BY_SIZE}`),
      cacheMemoryGb: count(1, 300)
        .optional()
        .describe(`Memory for caches, where they have an instance of their own, in GiB. ${BY_SIZE}`),
    })
    .prefault({})
    .describe("Memorystore for sessions and caches."),
  files: z
    .strictObject({
      tier: z
        .enum(["BASIC_HDD", "ZONAL", "REGIONAL"])
        .optional()
        .describe("Service tier of Filestore. Default: REGIONAL where protected, BASIC_HDD where disposable."),
      capacityGb: count(1024, 102400)
        .optional()
        .describe(
          `Capacity, in GiB: for ZONAL and REGIONAL in steps of 256, from 10240 on of 2560. Speed grows with it. ${BY_SIZE}`,
        ),
      modelsCapacityGb: count(1024, 102400)
        .default(1024)
        .describe(
          'Capacity of a Filestore of the same tier for models with `pull: "warm-cache"`, in GiB: three versions of each.',
        ),
    })
    .prefault({})
    .describe("The shared file system, Filestore."),
  edge: z
    .discriminatedUnion("type", [
      z.strictObject({
        // Optional first: a file may change one field of the default variant without naming it.
        type: z
          .literal("gateway")
          .optional()
          .default("gateway")
          .describe("A global external Application Load Balancer, as a Gateway, with a Google-managed certificate."),
        cloudArmor: z
          .boolean()
          .optional()
          .describe(
            "Google Cloud Armor with the preconfigured rules. Default: on where protected, off where disposable.",
          ),
        allowedCidrs,
      }),
      z.strictObject({ ...edgeNone, allowedCidrs }),
    ])
    .prefault({ type: "gateway" })
    .describe("Where requests enter."),
  state: z
    .strictObject({
      backend: z.literal("gcs").default("gcs").describe("State lives in Cloud Storage, which locks by itself."),
      bucket: stateBucket.describe("Its bucket. Default: moodle-<name>-state-<project>."),
    })
    .prefault({})
    .describe("Terraform's state."),
  budget: z
    .strictObject({
      billingAccount: matching(/^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$/, "the id of a billing account").describe(
        "Billing account. Who deploys needs `roles/billing.costsManager` on it, the account that plans `roles/billing.viewer`, granted by hand.",
      ),
      monthlyAmount: z.int().positive().describe("Amount a month, in whole units of the billing account's currency."),
      email: email.describe("Who hears of it at 80 % actual and 100 % forecast cost."),
    })
    .optional()
    .describe("Budget alarm. Default: none."),
});
