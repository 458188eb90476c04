import { z } from "zod";
import { BY_SIZE, cidr, clientCidr, count, email, hostname, matching } from "./fields";
import {
  BACKUPS,
  backupFields,
  CI,
  ci,
  edgeNone,
  kubernetesVersion,
  maxConnections,
  sharedFields,
  stateBucket,
} from "./shared-schema";

const applyImmediately = (of: string, change: string) =>
  z
    .boolean()
    .optional()
    .describe(
      `Whether what restarts ${of} is done at once, or in the maintenance window. Set it for the deploy that changes ${change}. Default: false where protected, true where disposable.`,
    );

const rdsShared = {
  instanceClass: matching(
    /^db\.[a-z0-9]+\.(?!nano|micro)[a-z0-9]+$/,
    "an RDS instance class with 2 GiB of memory or more, such as db.t4g.small or db.m7g.large",
  )
    .optional()
    .describe(`Instance class of the database. ${BY_SIZE}`),
  maxConnections,
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
  applyImmediately: applyImmediately("the database", "`version`"),
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

const allowedCidrs = z.array(clientCidr).min(1).default(["0.0.0.0/0"]).describe("Networks that may use the site.");

const nodeType = (allowed: string) => matching(/^cache\.[a-z0-9]+\.[a-z0-9]+$/, allowed);

/** What an environment on AWS may say. */
export const awsSchema = z.strictObject({
  ...sharedFields,
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
      readingAccounts: z
        .array(matching(/^[0-9]{12}$/, "the 12 digits of an AWS account"))
        .default([])
        .describe("Other accounts whose environments may restore from these backups."),
      restoreFrom: z
        .strictObject({
          bucket: matching(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, "the name of a bucket").describe("Its name."),
          keyArn: matching(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/.+$/, "the ARN of a KMS key").describe(
            "Key that encrypts it.",
          ),
          region: awsRegion.optional().describe("Its region. Default: the environment's."),
        })
        .optional()
        .describe("Another environment's backups, from which restores come. Default: the environment's own."),
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
        .array(clientCidr.refine((cidr) => !cidr.endsWith("/0"), "networks of your own, not the whole internet"))
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
          cpuLimit: count(4, 10000).optional().describe(`Processors at most over all nodes. ${BY_SIZE}`),
          memoryLimitGb: count(8, 100000).optional().describe(`Memory at most over all nodes, in GiB. ${BY_SIZE}`),
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
        .optional()
        .describe(`Nodes for sessions, and for everything where one group is shared. ${BY_SIZE}`),
      cacheNodeType: nodeType("an ElastiCache node type, such as cache.t4g.medium")
        .optional()
        .describe(`Nodes for the cache, where it has a group of its own. ${BY_SIZE}`),
      applyImmediately: applyImmediately("nodes", "`engine`"),
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
    .discriminatedUnion("type", [
      z.strictObject({
        // Optional first: a file may change one field of the default variant without naming it.
        type: z
          .literal("alb")
          .optional()
          .default("alb")
          .describe("An Application Load Balancer, with a certificate of ACM."),
        waf: z
          .boolean()
          .optional()
          .describe("AWS WAF with the managed rule sets. Default: on where protected, off where disposable."),
        cdn: z
          .boolean()
          .default(false)
          .describe(
            "CloudFront before the load balancer, which is then reached in no other way. It keeps what Moodle gives to everybody by a revision in the URL.",
          ),
        allowedCidrs,
      }),
      z.strictObject({ ...edgeNone, allowedCidrs }),
    ])
    .prefault({ type: "alb" })
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
