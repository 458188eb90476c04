import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AwsEnvironment, Environment, GoogleEnvironment } from "../environments/defaults";
import { demandOf, figuresOf } from "../environments/sizing/environment";
import { firstToGiveOut, limits } from "../environments/sizing/limits";
import { BOOTSTRAP_STATE } from "./bootstrap-state";
import { siteSecrets } from "./site-names";
import { wrap } from "./wrap";

/** The parts of a stack's JSON that are summed up. */
interface StackJson {
  readonly terraform?: { readonly backend?: Readonly<Record<string, Backend>> };
  readonly resource?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Backend {
  readonly bucket?: string;
  readonly key?: string;
  readonly prefix?: string;
  readonly path?: string;
  readonly use_lockfile?: boolean;
  readonly dynamodb_table?: string;
}

type Row = readonly [label: string, text: string];

const WIDTH = 110;
const LABEL_WIDTH = 12;

/** What `npm start` prints: for each stack where its state lives, what it would create, and what to type next. */
export function summarize(environments: readonly Environment[], outdir: string): string {
  const warning = placeholders(environments);
  return [
    ...environments.flatMap((environment) => [...summarizeEnvironment(environment, outdir), ""]),
    ...(warning.length === 0
      ? []
      : ["Before you deploy, put your own values in place of these examples:", ...warning.map((one) => `  ${one}`)]),
  ].join("\n");
}

function summarizeEnvironment(environment: Environment, outdir: string): string[] {
  const { name, cloud, region, protection } = environment;
  const place = cloud === "aws" ? `AWS account ${environment.account}` : `Google Cloud project ${environment.project}`;
  const stacks = [`bootstrap-${name}`, name];
  return [
    `${name}: ${place}, ${region}, ${protection}`,
    ...stacks.flatMap((stack) => {
      const json = JSON.parse(readFileSync(join(outdir, "stacks", stack, "cdk.tf.json"), "utf8")) as StackJson;
      return [
        "",
        `  ${stack}`,
        ...table([
          ["state", describeState(json)],
          ["creates", describeResources(json)],
          ...(stack === name ? describeSizes(environment) : []),
          ...describeCommands(stack, stack !== name),
        ]),
      ];
    }),
  ];
}

/** A bootstrap stack makes the bucket of its own state, so that its first deploy is another. */
function describeCommands(stack: string, isBootstrap: boolean): Row[] {
  const deploy = `npx cdktf deploy ${stack}`;
  return isBootstrap
    ? [
        ["first time", `${BOOTSTRAP_STATE}=local ${deploy}`],
        ["then", `${deploy} --migrate-state`],
      ]
    : [["next", deploy]];
}

/** Where the state lives, and what locks it. */
export function describeState({ terraform }: StackJson): string {
  const [kind, backend] = Object.entries(terraform?.backend ?? {})[0] ?? [];
  if (kind === "s3" && backend !== undefined) {
    const table = backend.dynamodb_table === undefined ? "no lock" : `lock in DynamoDB table ${backend.dynamodb_table}`;
    return `s3://${backend.bucket}/${backend.key}, ${backend.use_lockfile === true ? "lock file" : table}`;
  }
  if (kind === "gcs" && backend !== undefined) {
    return `gs://${backend.bucket}/${backend.prefix}/default.tfstate, lock file`;
  }
  return `${backend?.path ?? "terraform.tfstate"}, a local file`;
}

/** Kinds of resources in the words of a reader; the first pattern that matches a type counts. */
const KINDS: readonly (readonly [kind: string, types: RegExp])[] = [
  ["Helm releases", /^helm_release$/],
  ["Kubernetes objects", /^kubernetes_/],
  ["identity", /_iam_|_pod_identity_|_service_account$|_openid_|_workload_identity_|_access_(entry|policy)/],
  ["keys", /_kms_/],
  ["secrets", /_secretsmanager_|_secret_manager_|_hmac_key$|^random_/],
  ["cluster", /^aws_(eks|launch_template|autoscaling)|^google_container_|_sqs_|_cloudwatch_event_/],
  ["database", /^aws_(db|rds)_|^google_sql_/],
  ["Redis", /_elasticache_|_redis_/],
  ["buckets", /^aws_s3_|^google_storage_/],
  ["files", /^aws_efs_|_filestore_/],
  [
    "edge",
    /^aws_(lb|wafv2|acm|route53|cloudfront)|^google_(certificate|dns)_|_global_address$|_security_policy$|_ssl_policy$/,
  ],
  ["registry", /_ecr_|_artifact_registry_/],
  ["monitoring", /_cloudwatch_|_monitoring_|_logging_|_budgets?_|_billing_|_sns_/],
  ["state lock", /_dynamodb_/],
  ["runner", /^aws_(instance|codebuild_|codeconnections_)|^google_compute_instance/],
  ["project services", /_project_service/],
  [
    "network",
    /^aws_(vpc|subnet|route|nat_|eip|internet_|flow_log|security_group|default_|network_)|^google_(compute|service_networking)_/,
  ],
];

export function kindOf(type: string): string {
  return KINDS.find(([, types]) => types.test(type))?.[0] ?? type;
}

/** The number of resources, and of each kind, the most numerous first. */
export function describeResources({ resource = {} }: StackJson): string {
  const counts = new Map<string, number>();
  let total = 0;
  for (const [type, instances] of Object.entries(resource)) {
    const count = Object.keys(instances).length;
    counts.set(kindOf(type), (counts.get(kindOf(type)) ?? 0) + count);
    total += count;
  }
  const kinds = [...counts].sort(([, left], [, right]) => right - left).map(([kind, count]) => `${kind} ${count}`);
  return `${total} ${total === 1 ? "resource" : "resources"}: ${kinds.join(", ")}`;
}

/** What decides the bill and the capacity. */
export function describeSizes(environment: Environment): Row[] {
  const { web, cron, adhoc, mail } = environment.moodle;
  const { smtp } = siteSecrets(environment);
  return [
    ["size", describeStudents(environment)],
    ...(environment.cloud === "aws" ? awsSizes(environment) : googleSizes(environment)),
    ["web", `${web.minReplicas} to ${web.maxReplicas} pods of ${web.cpu} CPU and ${web.memoryMb} MiB`],
    ["workers", `${cron.replicas} for scheduled tasks, ${adhoc.replicas} for ad-hoc tasks`],
    [
      "mail",
      mail === undefined
        ? "none"
        : `${mail.host}${smtp === undefined ? "" : `, by the login that you put into the secret ${smtp.name}`}`,
    ],
  ];
}

/** For how many students a site is, and what is too small for them or gives out next. */
function describeStudents(environment: Environment): string {
  const { concurrentStudents } = environment.sizing;
  const { figure, students } = firstToGiveOut(limits(demandOf(environment), figuresOf(environment)));
  const [wanted, possible] = [concurrentStudents, students].map((count) => count.toLocaleString("en"));
  return students < concurrentStudents
    ? `${wanted} students at a time, BUT ${figure} gives out at ${possible}: npm run size -- --environment ${environment.name}`
    : `${wanted} students at a time; first gives out: ${figure} at ${possible}`;
}

const ENGINES = { postgresql: "PostgreSQL", mysql: "MySQL", mariadb: "MariaDB" };

function awsSizes({ database, redis, cluster }: AwsEnvironment): Row[] {
  const { engine, version, instanceClass, topology, storageGb, maxStorageGb, readReplicas } = database;
  const { systemNodes, nodes, gpu } = cluster;
  return [
    [
      "database",
      `${ENGINES[engine]} ${version}, ${instanceClass}, ${topology}, ${storageGb} to ${maxStorageGb} GiB${replicas(readReplicas)}`,
    ],
    [
      "Redis",
      redis.groups === "shared"
        ? `${redis.engine}, ${redis.sessionsNodeType} for sessions and cache`
        : `${redis.engine}, ${redis.sessionsNodeType} for sessions, ${redis.cacheNodeType} for the cache`,
    ],
    [
      "nodes",
      `${systemNodes.count} x ${systemNodes.instanceType} for the system, ${nodes.capacityType} up to ${nodes.cpuLimit} CPU and ${nodes.memoryLimitGb} GiB for the rest`,
    ],
    ...(gpu === undefined ? [] : [["GPU", `0 to ${gpu.limit}, ${gpu.instanceTypes.join(", ")}`] as const]),
  ];
}

function googleSizes({ database, redis, cluster, files }: GoogleEnvironment): Row[] {
  const { engine, version, tier, availability, storageGb, readReplicas, replicaTier } = database;
  const ofTier = readReplicas > 0 && replicaTier !== tier ? `, ${replicaTier}` : "";
  const { systemNodes, nodes, gpu, location } = cluster;
  return [
    [
      "database",
      `${ENGINES[engine]} ${version}, ${tier}, ${availability}, ${storageGb} GiB and up${replicas(readReplicas)}${ofTier}`,
    ],
    [
      "Redis",
      redis.groups === "shared"
        ? `${redis.sessionsMemoryGb} GiB for sessions and cache`
        : `${redis.sessionsMemoryGb} GiB for sessions, ${redis.cacheMemoryGb} GiB for the cache`,
    ],
    ["files", `${files.capacityGb} GiB, ${files.tier}`],
    [
      "nodes",
      `${location}, ${systemNodes.count} x ${systemNodes.machineType} a zone for the system, up to ${nodes.cpuLimit} CPU and ${nodes.memoryLimitGb} GiB for the rest`,
    ],
    ...(gpu === undefined
      ? []
      : [["GPU", `0 to ${gpu.limit} nodes, ${gpu.machineType} with ${gpu.count} ${gpu.accelerator}`] as const]),
  ];
}

function replicas(count: number): string {
  return count === 0 ? "" : `, ${count} read ${count === 1 ? "replica" : "replicas"}`;
}

/** What this repository ships in place of one's own: documentation accounts, domains, zones and networks (RFC 5737). */
const PLACEHOLDERS = [
  /^(111122223333|444455556666|123456789012|210987654321|Z0123456789ABCDEFGHIJ|Z0987654321ABCDEFGHIJ|012345-6789AB-CDEF01)$/,
  /^(staging-)?example-|^Example University/,
  /(^|[.@])example\.(edu|com|org|net)$/,
  /^(192\.0\.2|198\.51\.100|203\.0\.113)\./,
];

/** Fields that still hold one of them. */
export function placeholders(environments: readonly Environment[]): string[] {
  return environments.flatMap((environment) => {
    const { name, domain, ci, moodle, monitoring, budget } = environment;
    const fields: Record<string, string | undefined> = {
      ...(environment.cloud === "aws" ? awsPlace(environment) : googlePlace(environment)),
      domain,
      "ci.githubRepository": ci?.githubRepository,
      "moodle.siteName": moodle.siteName,
      "moodle.adminEmail": moodle.adminEmail,
      "monitoring.alerts.email": monitoring?.alerts.email,
      "budget.email": budget?.email,
    };
    return Object.entries(fields)
      .filter(([, value]) => PLACEHOLDERS.some((pattern) => pattern.test(value ?? "")))
      .map(([field, value]) => `${name}.${field} (${value})`);
  });
}

function awsPlace({ account, hostedZone, cluster: { publicAccessCidrs } }: AwsEnvironment) {
  return {
    account,
    "hostedZone.id": hostedZone.id,
    "hostedZone.name": hostedZone.name,
    "cluster.publicAccessCidrs": publicAccessCidrs.join(", "),
  };
}

function googlePlace({ project, projectNumber, managedZone, cluster, budget }: GoogleEnvironment) {
  return {
    project,
    projectNumber,
    "managedZone.name": managedZone.name,
    "managedZone.dnsName": managedZone.dnsName,
    "cluster.authorizedCidrs": cluster.authorizedCidrs.join(", "),
    "budget.billingAccount": budget?.billingAccount,
  };
}

function table(rows: readonly Row[]): string[] {
  return rows.flatMap(([label, text]) =>
    wrap(text, WIDTH - LABEL_WIDTH - 4).map(
      (line, index) => `    ${(index === 0 ? label : "").padEnd(LABEL_WIDTH)}${line}`,
    ),
  );
}
