/**
 * What an environment file may say. Every field has a description with its unit and its default; the reference in
 * `docs/reference/environment.md` is generated from here. Rules that join several fields are in `rules.ts`.
 */
import { z } from "zod";
import { IMAGE_TAG, KUBERNETES } from "../constructs/versions";
import { cidr, clientCidr, cronSchedule, email, hostname, imageVersion, matching } from "./fields";

const count = (min: number, max: number) => z.int().min(min).max(max);

const moodle = z
  .strictObject({
    version: z
      .enum(["4.5", "5.1", "5.2"])
      .default("4.5")
      .describe("Branch of Moodle. 4.5 is the long-term release; 5.x keeps its files on the shared file system."),
    fileStorage: z
      .enum(["object-store", "shared-files"])
      .default("object-store")
      .describe("Where uploaded files end up: the bucket, through ObjectFS, or the shared file system."),
    siteName: z.string().min(1).max(254).describe("Full name of the site, as its front page shows it."),
    shortName: z.string().min(1).max(100).default("Moodle").describe("Short name of the site, in its navigation bar."),
    adminEmail: email.describe("Address of the first administrator."),
    language: matching(/^[a-z]{2,3}(_[a-z]+)*$/, "a Moodle language code, such as en or de")
      .default("en")
      .describe("Default language of the site."),
    maxUploadMb: count(1, 4096).default(256).describe("Largest upload, in MiB."),
    web: z
      .strictObject({
        minReplicas: count(1, 200).default(2).describe("Web pods kept at all times."),
        maxReplicas: count(1, 500).default(10).describe("Web pods at the highest load."),
        cpu: z.number().min(0.5).max(64).default(2).describe("Processors of one web pod."),
        memoryMb: count(1024, 262144)
          .default(3072)
          .describe("Memory of one web pod, in MiB. Moodle needs at least 1024."),
      })
      .prefault({})
      .describe("The pods that answer requests."),
    cron: z
      .strictObject({
        replicas: count(1, 50).default(2).describe("Cron workers; Moodle's own locks share the tasks out among them."),
        memoryMb: count(512, 65536).default(1024).describe("Memory of one cron worker, in MiB."),
      })
      .prefault({})
      .describe("The workers that run scheduled and ad-hoc tasks."),
  })
  .describe("The site itself.");

const backupFields = {
  schedule: cronSchedule.default("15 2 * * *").describe("When a backup runs: cron fields."),
  timeZone: matching(/^[A-Za-z]+(\/[A-Za-z0-9_+-]+)*$/, "a time zone name such as Europe/Vienna")
    .default("Etc/UTC")
    .describe("Time zone of the schedule."),
  keepDaily: count(1, 366).default(14).describe("Daily backups kept."),
  keepWeekly: count(0, 260).default(8).describe("Weekly backups kept."),
  keepMonthly: count(0, 120).default(12).describe("Monthly backups kept."),
  lockDays: count(0, 3650)
    .optional()
    .describe("Days during which nobody can delete a backup. Default: 30 where protected, 0 where disposable."),
};
const BACKUPS = "Backups of database and files together.";

const images = z
  .strictObject({
    registry: matching(/^[a-z0-9.-]+(:[0-9]+)?(\/[a-z0-9._-]+)*$/, "a registry's host and path, without a scheme")
      .optional()
      .describe("Registry of the platform's images. Default: the one that the bootstrap stack makes."),
    moodle: imageVersion.default(IMAGE_TAG).describe("Moodle's image: a digest, or a tag."),
    backup: imageVersion.default(IMAGE_TAG).describe("The backup image: a digest, or a tag."),
    databaseRoles: imageVersion
      .default(IMAGE_TAG)
      .describe("The image that makes the database roles: a digest, or a tag."),
  })
  .prefault({})
  .describe("The platform's own images.");

const secrets = z
  .discriminatedUnion("store", [
    z.strictObject({ store: z.literal("cloud") }),
    z.strictObject({
      store: z.literal("vault"),
      address: z.url({ protocol: /^https$/, error: "an https:// address" }).describe("Address of Vault."),
      mount: matching(/^[a-z0-9_-]+$/, "the name of a mount")
        .default("secret")
        .describe("Mount of the KV engine, version 2."),
      authMount: matching(/^[a-z0-9_-]+$/, "the name of a mount")
        .default("kubernetes")
        .describe("Mount of the Kubernetes authentication method for this cluster."),
      role: matching(/^[a-z0-9_-]+$/, "the name of a role")
        .default("moodle")
        .describe("Role of that method."),
      cidr: clientCidr.describe("Network in which Vault lives, for NetworkPolicies."),
    }),
  ])
  .prefault({ store: "cloud" })
  .describe("Where passwords that are born in the cluster live: the cloud's own secret store, or Vault.");

const CI = "Continuous integration. Default: none, and bootstrap makes no role for it.";
const ci = z
  .strictObject({
    githubRepository: matching(/^[A-Za-z0-9-]+\/[A-Za-z0-9._-]+$/, "owner/name of a GitHub repository").describe(
      "The repository whose workflows may plan and deploy.",
    ),
  })
  .describe(CI);

const common = {
  name: matching(
    /^(?!.*--)[a-z][a-z0-9-]{0,14}[a-z0-9]$/,
    "2 to 16 lower-case letters, digits and single hyphens, a letter first",
  ).describe("Name of the environment and of its stack."),
  model: z
    .enum(["managed"])
    .default("managed")
    .describe("Deployment model: `managed` uses the cloud's managed data services."),
  protection: z
    .enum(["protected", "disposable"])
    .describe("`protected` refuses to lose data; `disposable` can be deployed, destroyed and deployed again."),
  incarnation: count(1, 99)
    .default(1)
    .describe("Part of every name. Raise it to deploy again while the cloud still holds the names of a destroyed one."),
  owner: matching(/^[a-z0-9][a-z0-9_-]{0,62}$/, "lower-case letters, digits, - and _, 63 at most").describe(
    "Who pays and answers for it: a tag or label on every resource.",
  ),
  domain: hostname.describe("Host name of the site."),
  moodle,
  images,
  secrets,
  ci: ci.optional(),
  chartRegistry: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Mirror of every upstream chart: oci://, https:// or a local folder. Default: each chart's own repository.",
    ),
};

const kubernetesVersion = matching(/^1\.(3[4-9]|[4-9][0-9])$/, "a Kubernetes minor version from 1.34 on")
  .default(KUBERNETES)
  .describe("Kubernetes minor version.");

const stateBucket = matching(
  /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  "3 to 63 lower-case letters, digits and hyphens, neither first nor last a hyphen",
).optional();

// ---------------------------------------------------------------------------------------------- Amazon Web Services

const rdsShared = {
  instanceClass: matching(
    /^db\.[a-z0-9]+\.(?!nano|micro)[a-z0-9]+$/,
    "an RDS instance class with 2 GiB of memory or more, such as db.t4g.small or db.m7g.large",
  )
    .default("db.m7g.large")
    .describe("Instance class of the database."),
  storageGb: count(20, 65536).default(100).describe("Storage at the start, in GiB."),
  maxStorageGb: count(20, 65536).default(1000).describe("Storage up to which it grows by itself, in GiB."),
  topology: z
    .enum(["single", "multi-az", "multi-az-cluster"])
    .optional()
    .describe(
      "`single` instance, `multi-az` instance with a standby, or `multi-az-cluster` with two readable standbys. Default: multi-az where protected, single where disposable.",
    ),
  readReplicas: count(0, 5).default(0).describe("Stand-alone read replicas."),
  masterPassword: z
    .enum(["rds-managed", "write-only"])
    .optional()
    .describe(
      "Who keeps the master password: RDS, or nobody (set once, reset when needed). RDS cannot manage it beside stand-alone replicas. Default: write-only with replicas, else rds-managed.",
    ),
  backupRetentionDays: count(1, 35)
    .optional()
    .describe("Days of point-in-time recovery. Default: 14 where protected, 1 where disposable."),
};

const awsDatabase = z
  .discriminatedUnion("engine", [
    z.strictObject({
      engine: z.literal("postgresql"),
      version: z.enum(["15", "16", "17"]).default("17").describe("Major version of PostgreSQL."),
      ...rdsShared,
    }),
    z.strictObject({
      engine: z.literal("mysql"),
      version: z.enum(["8.4"]).default("8.4").describe("Version of MySQL."),
      ...rdsShared,
    }),
    z.strictObject({
      engine: z.literal("mariadb"),
      version: z.enum(["11.4"]).default("11.4").describe("Version of MariaDB."),
      ...rdsShared,
    }),
  ])
  .prefault({ engine: "postgresql" })
  .describe("The managed database.");

const awsRegion = matching(/^[a-z]{2}(-[a-z]+)+-[0-9]$/, "an AWS region, such as eu-central-1");

const nodeType = (allowed: string) => matching(/^cache\.[a-z0-9]+\.[a-z0-9]+$/, allowed);

export const awsSchema = z.strictObject({
  ...common,
  ci: ci
    .extend({
      runner: z.boolean().default(false).describe("Whether workflows run inside the network, for private clusters."),
      oidcProvider: z
        .enum(["create", "existing"])
        .default("create")
        .describe("An account has one OIDC provider of GitHub: `existing` where something else has made it."),
      connectionArn: matching(
        /^arn:aws[a-z-]*:codeconnections:[a-z0-9-]+:[0-9]{12}:connection\/.+$/,
        "the ARN of a connection, as the bootstrap stack prints it",
      )
        .optional()
        .describe(
          "The runner's connection to GitHub, once authorized in the console. Default: none, and no runner in the network yet.",
        ),
    })
    .describe(CI)
    .optional(),
  cloud: z.literal("aws").describe("It decides which fields exist."),
  backups: z
    .strictObject({
      ...backupFields,
      replicaRegion: awsRegion
        .optional()
        .describe("Region that holds a second copy of every backup, under a key of its own. Default: none."),
    })
    .prefault({})
    .describe(BACKUPS),
  account: matching(/^[0-9]{12}$/, "the 12 digits of an AWS account").describe("AWS account."),
  region: awsRegion.describe("AWS region."),
  zones: z
    .array(matching(/^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$/, "an availability zone, such as eu-central-1a"))
    .max(6)
    .optional()
    .describe("Availability zones. Default: a, b and c of the region."),
  hostedZone: z
    .strictObject({
      id: matching(/^Z[A-Z0-9]{1,31}$/, "the id of a Route 53 hosted zone, such as Z0123456789ABCDEFGHIJ").describe(
        "Its id.",
      ),
      name: hostname.describe("Its name, such as example.edu."),
    })
    .describe("The public Route 53 zone in which the site's records are made."),
  network: z
    .strictObject({
      cidr: cidr(20, 16).default("10.20.0.0/16").describe("Address range of the VPC."),
      serviceCidr: cidr(24, 12).default("172.20.0.0/16").describe("Addresses of Kubernetes services."),
      natGateways: z
        .enum(["single", "per-zone"])
        .optional()
        .describe(
          "NAT gateways, one in all or one a zone. Default: per-zone where protected, single where disposable.",
        ),
    })
    .prefault({})
    .describe("The VPC."),
  cluster: z
    .strictObject({
      kubernetesVersion,
      publicAccessCidrs: z
        .array(clientCidr)
        .default([])
        .describe("Networks from which the API server can be reached. Default: none, only from inside the VPC."),
      administrators: z
        .array(matching(/^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)\/.+$/, "the ARN of an IAM role or user"))
        .default([])
        .describe("Who may administer the cluster beside the deployer: IAM roles or users."),
      systemNodes: z
        .strictObject({
          instanceType: matching(/^[a-z0-9-]+\.[a-z0-9]+$/, "an EC2 instance type, such as m7g.large")
            .default("m7g.large")
            .describe("Their instance type, Graviton or x86."),
          count: count(2, 20).default(2).describe("How many of them."),
        })
        .prefault({})
        .describe("Managed nodes for the cluster's own programs."),
      nodes: z
        .strictObject({
          capacityType: z.enum(["on-demand", "spot"]).default("on-demand").describe("How nodes are bought."),
          cpuLimit: count(4, 10000).default(64).describe("Processors at most over all nodes."),
          memoryLimitGb: count(8, 100000).default(256).describe("Memory at most over all nodes, in GiB."),
        })
        .prefault({})
        .describe("Nodes that Karpenter buys for everything else."),
      gpu: z
        .strictObject({
          instanceTypes: z
            .array(matching(/^[a-z0-9-]+\.[a-z0-9]+$/, "an EC2 instance type, such as g6.xlarge"))
            .min(1)
            .describe("Instance types with a GPU."),
          limit: count(1, 1000).default(4).describe("GPUs at most."),
          capacityType: z.enum(["on-demand", "spot"]).default("spot").describe("How nodes are bought."),
        })
        .optional()
        .describe("A pool of GPU nodes that scales from zero. Default: none."),
      addonVersions: z
        .record(z.string(), matching(/^v[0-9].*$/, "a version such as v1.2.3-eksbuild.1"))
        .default({})
        .describe(
          "Versions of EKS add-ons by name. Default: EKS's default for the Kubernetes version, fixed at creation.",
        ),
    })
    .prefault({})
    .describe("The EKS cluster."),
  database: awsDatabase,
  redis: z
    .strictObject({
      engine: z.enum(["valkey", "redis"]).default("valkey").describe("Engine of ElastiCache."),
      groups: z
        .enum(["separate", "shared"])
        .optional()
        .describe(
          "Sessions and cache apart, or one small group for both. Default: separate where protected, shared where disposable.",
        ),
      sessionsNodeType: nodeType("an ElastiCache node type, such as cache.t4g.small")
        .default("cache.t4g.small")
        .describe("Nodes for sessions, and for everything where one group is shared."),
      cacheNodeType: nodeType("an ElastiCache node type, such as cache.t4g.medium")
        .default("cache.t4g.medium")
        .describe("Nodes for the cache, where it has a group of its own."),
    })
    .prefault({})
    .describe("ElastiCache for sessions and caches."),
  files: z
    .strictObject({
      throughput: z.enum(["elastic", "bursting"]).default("elastic").describe("Throughput mode of EFS."),
    })
    .prefault({})
    .describe("The shared file system, EFS."),
  edge: z
    .strictObject({
      type: z.literal("alb").default("alb").describe("An Application Load Balancer."),
      waf: z
        .boolean()
        .optional()
        .describe("AWS WAF with the managed rule sets. Default: on where protected, off where disposable."),
      allowedCidrs: z.array(clientCidr).min(1).default(["0.0.0.0/0"]).describe("Networks that may use the site."),
    })
    .prefault({})
    .describe("Where requests enter."),
  state: z
    .strictObject({
      backend: z.literal("s3").default("s3").describe("State lives in S3."),
      bucket: stateBucket.describe("Its bucket. Default: moodle-<name>-state-<account>."),
      lock: z
        .enum(["file", "dynamodb"])
        .default("file")
        .describe("Lock: a file beside the state, or a DynamoDB table."),
    })
    .prefault({})
    .describe("Terraform's state."),
  budget: z
    .strictObject({
      monthlyUsd: z.number().positive().describe("Amount a month, in US dollars."),
      email: email.describe("Who hears of it at 80 % actual and 100 % forecast cost."),
    })
    .optional()
    .describe("Budget alarm. Default: none."),
});

// ---------------------------------------------------------------------------------------------------- Google Cloud

const cloudSqlShared = {
  edition: z.enum(["ENTERPRISE", "ENTERPRISE_PLUS"]).default("ENTERPRISE").describe("Edition of Cloud SQL."),
  tier: matching(
    /^db-(custom-[0-9]+-[0-9]+|perf-optimized-N-[0-9]+)$/,
    "db-custom-<processors>-<MiB>, or db-perf-optimized-N-<processors> with ENTERPRISE_PLUS",
  )
    .default("db-custom-2-8192")
    .describe("Machine type of the database."),
  storageGb: count(20, 65536).default(100).describe("Storage at the start, in GiB; it grows by itself."),
  availability: z
    .enum(["ZONAL", "REGIONAL"])
    .optional()
    .describe("REGIONAL keeps a standby in another zone. Default: REGIONAL where protected, ZONAL where disposable."),
  readReplicas: count(0, 5).default(0).describe("Read replicas."),
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

export const googleSchema = z.strictObject({
  ...common,
  cloud: z.literal("google").describe("It decides which fields exist."),
  backups: z.strictObject(backupFields).prefault({}).describe(BACKUPS),
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
    .array(matching(/^[a-z]+-[a-z]+[0-9]{1,2}-[a-z]$/, "a zone, such as europe-west3-a"))
    .max(6)
    .optional()
    .describe("Zones. Default: a, b and c of the region."),
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
          cpuLimit: count(4, 10000).default(64).describe("Processors at most over all nodes."),
          memoryLimitGb: count(8, 100000).default(256).describe("Memory at most over all nodes, in GiB."),
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
      sessionsMemoryGb: count(1, 300).default(1).describe("Memory for sessions, in GiB."),
      cacheMemoryGb: count(1, 300).default(2).describe("Memory for caches, in GiB."),
    })
    .prefault({})
    .describe("Memorystore for sessions and caches."),
  files: z
    .strictObject({
      tier: z
        .enum(["BASIC_HDD", "ZONAL", "REGIONAL"])
        .optional()
        .describe("Service tier of Filestore. Default: REGIONAL where protected, BASIC_HDD where disposable."),
      capacityGb: count(100, 102400)
        .default(1024)
        .describe("Capacity, in GiB: at least 100, or 1024 for ZONAL. Speed grows with it."),
    })
    .prefault({})
    .describe("The shared file system, Filestore."),
  edge: z
    .strictObject({
      type: z
        .literal("gateway")
        .default("gateway")
        .describe("A global external Application Load Balancer, as a Gateway."),
      cloudArmor: z
        .boolean()
        .optional()
        .describe(
          "Google Cloud Armor with the preconfigured rules. Default: on where protected, off where disposable.",
        ),
      allowedCidrs: z
        .array(clientCidr)
        .min(1)
        .max(10)
        .default(["0.0.0.0/0"])
        .describe("Networks that may use the site."),
    })
    .prefault({})
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
        "Billing account.",
      ),
      monthlyAmount: z.int().positive().describe("Amount a month, in whole units of the billing account's currency."),
      email: email.describe("Who hears of it at 80 % actual and 100 % forecast cost."),
    })
    .optional()
    .describe("Budget alarm. Default: none."),
});

export const environmentSchema = z.discriminatedUnion("cloud", [awsSchema, googleSchema]);

/** What an environment file writes. */
export type EnvironmentInput = z.input<typeof environmentSchema>;
type AwsParsed = z.output<typeof awsSchema>;
type GoogleParsed = z.output<typeof googleSchema>;
export type ParsedEnvironment = AwsParsed | GoogleParsed;
