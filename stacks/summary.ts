import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AwsEnvironment, Environment, GoogleEnvironment } from "../environments/defaults";
import { BOOTSTRAP_STATE } from "./bootstrap-state";

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
      : [`Before you deploy, put your own values in place of these examples: ${warning.join(", ")}`]),
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
  ["edge", /^aws_(lb|wafv2|acm|route53)|^google_(certificate|dns)_|_global_address$|_security_policy$|_ssl_policy$/],
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
  const { web, cron } = environment.moodle;
  return [
    ...(environment.cloud === "aws" ? awsSizes(environment) : googleSizes(environment)),
    ["web", `${web.minReplicas} to ${web.maxReplicas} pods of ${web.cpu} CPU and ${web.memoryMb} MiB`],
    ["cron", `${cron.replicas} pods of ${cron.memoryMb} MiB`],
  ];
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
  const { engine, version, tier, availability, storageGb, readReplicas } = database;
  const { systemNodes, nodes, gpu, location } = cluster;
  return [
    [
      "database",
      `${ENGINES[engine]} ${version}, ${tier}, ${availability}, ${storageGb} GiB and up${replicas(readReplicas)}`,
    ],
    [
      "Redis",
      redis.groups === "shared"
        ? `${redis.cacheMemoryGb} GiB for sessions and cache`
        : `${redis.sessionsMemoryGb} GiB for sessions, ${redis.cacheMemoryGb} GiB for the cache`,
    ],
    ["files", `${files.capacityGb} GiB, ${files.tier}`],
    [
      "nodes",
      `${location}, ${systemNodes.count} x ${systemNodes.machineType} a zone for the system, up to ${nodes.cpuLimit} CPU and ${nodes.memoryLimitGb} GiB for the rest`,
    ],
    ...(gpu === undefined
      ? []
      : [["GPU", `0 to ${gpu.limit} nodes, ${gpu.machineType} with ${gpu.accelerator}`] as const]),
  ];
}

function replicas(count: number): string {
  return count === 0 ? "" : `, ${count} read ${count === 1 ? "replica" : "replicas"}`;
}

/** Fields that still hold what this repository ships: documentation accounts, projects and domains. */
export function placeholders(environments: readonly Environment[]): string[] {
  return environments.flatMap((environment) => {
    const account = environment.cloud === "aws" ? { account: environment.account } : { project: environment.project };
    const { domain, ci, moodle } = environment;
    const fields = {
      ...account,
      domain,
      "ci.githubRepository": ci?.githubRepository,
      "moodle.adminEmail": moodle.adminEmail,
    };
    return Object.entries(fields)
      .filter(([, value]) =>
        /^(111122223333|444455556666|example-.*)$|(^|[.@])example\.(edu|com|org|net)$/.test(value ?? ""),
      )
      .map(([field, value]) => `${environment.name}.${field} (${value})`);
  });
}

function table(rows: readonly Row[]): string[] {
  return rows.flatMap(([label, text]) =>
    wrap(text, WIDTH - LABEL_WIDTH - 4).map(
      (line, index) => `    ${(index === 0 ? label : "").padEnd(LABEL_WIDTH)}${line}`,
    ),
  );
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
