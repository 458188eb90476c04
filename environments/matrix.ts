/** Every supported combination of choices, as environments: what `npm run matrix` writes and the invariants walk over. */

import { production as awsProduction } from "../examples/aws/production";
import { staging as awsStaging } from "../examples/aws/staging";
import { production as googleProduction } from "../examples/google/production";
import { staging as googleStaging } from "../examples/google/staging";
import type { EnvironmentInput } from "./schema";

type Input<Cloud> = Extract<EnvironmentInput, { cloud: Cloud }>;
type Database<Cloud extends "aws" | "google"> = NonNullable<Input<Cloud>["database"]>;
type Base = "staging" | "production";

export interface Combination {
  /** `<base>-<cloud>-<engine>-<protection>`, and the variant where it is one. */
  readonly name: string;
  /** The environment file that it starts from. */
  readonly base: Base;
  readonly input: EnvironmentInput;
}

const AWS: Readonly<Record<Base, Input<"aws">>> = { staging: awsStaging, production: awsProduction };
const GOOGLE: Readonly<Record<Base, Input<"google">>> = { staging: googleStaging, production: googleProduction };
const PROTECTIONS = ["disposable", "protected"] as const;

/** One model on a GPU and one beside it, scaled by what Prometheus knows. */
const onGpu = {
  models: [
    { name: "bert", version: "v1.3.0", framework: "huggingface", device: "gpu" },
    { name: "cnn", version: "v2.0.0-rc.1", framework: "triton", scaleMetric: "rps" },
  ],
  prometheusAddress: "http://prometheus.monitoring:9090",
} satisfies EnvironmentInput["inference"];

/** The full product of base, cloud, engine and protection; then variants, each of which changes one choice. */
export function combinations(): Combination[] {
  return [...products(), ...awsVariants(), ...googleVariants()];
}

function products(): Combination[] {
  return (["staging", "production"] as const).flatMap((base) =>
    PROTECTIONS.flatMap((protection) => [
      ...(["postgresql", "mysql", "mariadb"] as const).map((engine) =>
        combination(base, {
          ...AWS[base],
          protection,
          database: { ...AWS[base].database, engine, version: undefined },
        }),
      ),
      ...(["postgresql", "mysql"] as const).map((engine) =>
        combination(base, {
          ...GOOGLE[base],
          protection,
          database: { ...GOOGLE[base].database, engine, version: undefined },
        }),
      ),
    ]),
  );
}

function awsVariants(): Combination[] {
  const { staging, production } = AWS;
  const administrators = ["arn:aws:iam::444455556666:role/platform"];
  const ci = { githubRepository: "example-university/moodle-platform" };
  const connectionArn =
    "arn:aws:codeconnections:eu-central-1:444455556666:connection/7f0c0b52-0a53-4a0b-9a57-3c2b6a0e1d11";
  const none = { type: "none" } satisfies Input<"aws">["edge"];
  const size = { engine: "postgresql", instanceClass: "db.m6gd.large" } satisfies Database<"aws">;
  const cluster = { ...size, topology: "multi-az-cluster" } satisfies Database<"aws">;
  return [
    ...shared(staging, production),
    combination("production", { ...production, database: { ...size, topology: "single" } }, "single"),
    combination("production", { ...production, database: { ...size, topology: "multi-az" } }, "multi-az"),
    combination("production", { ...production, database: { ...size, readReplicas: 2 } }, "replicas"),
    combination("production", { ...production, database: cluster }, "multi-az-cluster"),
    combination("production", { ...production, database: { ...cluster, engine: "mysql" } }, "multi-az-cluster"),
    combination("staging", { ...staging, database: { ...size, masterPassword: "write-only" } }, "write-only"),
    combination("staging", { ...staging, database: { ...size, version: "15" } }, "postgresql-15"),
    combination("production", { ...production, redis: { groups: "shared", engine: "redis" } }, "redis-shared"),
    combination(
      "production",
      {
        ...production,
        database: { ...size, readReplicas: 1, applyImmediately: true },
        redis: { applyImmediately: true },
      },
      "at-once",
    ),
    combination("staging", { ...staging, redis: { groups: "separate" } }, "redis-separate"),
    combination("staging", { ...staging, state: { lock: "dynamodb" } }, "dynamodb-lock"),
    combination("staging", { ...staging, ci: undefined, cluster: { administrators } }, "no-ci"),
    combination("production", { ...production, ci: { ...ci, runner: true, connectionArn } }, "runner"),
    combination("production", { ...production, ci: { ...ci, oidcProvider: "existing" } }, "existing-oidc-provider"),
    combination(
      "production",
      { ...production, ci: undefined, budget: undefined, cluster: { ...production.cluster, administrators } },
      "no-ci",
    ),
    combination("production", { ...production, network: { natGateways: "single" } }, "single-nat"),
    combination(
      "staging",
      {
        ...staging,
        backups: {
          cloudSnapshots: 7,
          readingAccounts: ["777788889999"],
          restoreFrom: {
            bucket: "moodle-production-1-backups-777788889999",
            keyArn: "arn:aws:kms:eu-central-1:777788889999:key/7f0c0b52-0a53-4a0b-9a57-3c2b6a0e1d11",
          },
        },
      },
      "restore-from",
    ),
    combination("production", { ...production, files: { throughput: "bursting" } }, "bursting-files"),
    ...(["nginx", "traefik", "contour", "istio"] as const).map((ingressController) =>
      combination("production", { ...production, edge: none, ingressController }, `nlb-${ingressController}`),
    ),
    combination(
      "production",
      { ...production, edge: none, model: "serverless", knativeIngress: "istio", ingressController: "istio" },
      "nlb-serverless",
    ),
    combination(
      "staging",
      { ...staging, edge: { ...none, acme: { challenge: "http-01" } }, ingressController: "traefik" },
      "nlb-traefik-http-01",
    ),
    combination("production", { ...production, edge: { waf: false, allowedCidrs: ["198.51.100.0/24"] } }, "no-waf"),
    combination("production", { ...production, edge: { cdn: true } }, "cdn"),
    combination(
      "production",
      { ...production, edge: { cdn: true, allowedCidrs: ["198.51.100.0/24"] }, ingressController: "traefik" },
      "cdn-traefik-campus",
    ),
    combination("staging", { ...staging, edge: { cdn: true }, model: "serverless" }, "cdn-serverless"),
    combination(
      "production",
      {
        ...production,
        cluster: {
          administrators,
          systemNodes: { instanceType: "m7i.large", count: 3 },
          nodes: { capacityType: "spot" },
          gpu: { instanceTypes: ["g6.xlarge"] },
        },
        inference: onGpu,
        moodle: { ...production.moodle, ai: { model: "bert" } },
      },
      "gpu",
    ),
  ];
}

function googleVariants(): Combination[] {
  const { staging, production } = GOOGLE;
  const plus = {
    engine: "postgresql",
    edition: "ENTERPRISE_PLUS",
    tier: "db-perf-optimized-N-2",
    readReplicas: 2,
  } satisfies Database<"google">;
  return [
    ...shared(staging, production),
    combination("production", { ...production, database: plus }, "enterprise-plus"),
    combination("staging", { ...staging, database: { engine: "postgresql", version: "15" } }, "postgresql-15"),
    combination(
      "staging",
      {
        ...staging,
        backups: {
          cloudSnapshots: 7,
          readers: ["serviceAccount:auditor@example-university-audit.iam.gserviceaccount.com"],
          restoreFrom: { bucket: "moodle-production-1-backups-example-university-moodle" },
        },
      },
      "restore-from",
    ),
    combination("staging", { ...staging, ci: undefined }, "no-ci"),
    combination("production", { ...production, ci: undefined, budget: undefined }, "no-ci"),
    combination("production", { ...production, redis: { groups: "shared" } }, "redis-shared"),
    combination("staging", { ...staging, redis: { groups: "separate" } }, "redis-separate"),
    combination("production", { ...production, files: { tier: "ZONAL" } }, "zonal-files"),
    combination(
      "production",
      { ...production, cluster: { ...production.cluster, location: "zonal" } },
      "zonal-cluster",
    ),
    combination(
      "production",
      { ...production, edge: { type: "none" }, ingressController: "traefik" },
      "address-traefik",
    ),
    combination(
      "production",
      { ...production, edge: { cloudArmor: false, allowedCidrs: ["198.51.100.0/24"] } },
      "no-cloud-armor",
    ),
    combination(
      "production",
      {
        ...production,
        cluster: {
          ...production.cluster,
          gpu: { machineType: "g2-standard-24", zones: ["europe-west3-a", "europe-west3-b"] },
          authorizedCidrs: ["203.0.113.0/24"],
          administrators: ["group:platform@example.edu"],
        },
        inference: onGpu,
        moodle: { ...production.moodle, ai: { model: "bert" } },
      },
      "gpu",
    ),
  ];
}

/** What both clouds have alike. */
function shared<E extends Input<"aws"> | Input<"google">>(staging: E, production: E): Combination[] {
  const vault = { store: "vault", address: "https://vault.example.edu:8200", cidr: "10.90.0.0/24" } as const;
  const assistant = { name: "assistant", version: "v1.0.0", framework: "huggingface", memoryGb: 16, cpu: 4 } as const;
  const grades = { name: "grades", version: "v1.0.0", framework: "sklearn" } as const;
  const extras = {
    mail: { host: "smtp.example.edu" },
    antivirus: true,
    analytics: {},
    monitoring: { namespace: "monitoring", labels: { release: "prometheus" } },
  };
  return [
    combination("production", { ...production, protection: "retiring" }),
    combination("production", { ...production, secrets: vault }, "vault"),
    combination(
      "production",
      { ...production, monitoring: undefined, moodle: { ...production.moodle, ...extras } },
      "mail-antivirus",
    ),
    combination(
      "staging",
      { ...staging, monitoring: { alerts: { email: "platform@example.edu", receiver: "pagerduty" } } },
      "monitoring",
    ),
    combination("staging", { ...staging, sizing: { concurrentStudents: 20000 } }, "20000-students"),
    combination("production", { ...production, backups: { requireDrillWithin: "7d" } }, "drill-gate"),
    combination("staging", { ...staging, chartRegistry: "oci://registry.example.edu/charts" }, "chart-registry"),
    combination("staging", { ...staging, inference: { models: [grades] } }, "inference"),
    combination(
      "production",
      {
        ...production,
        knative: true,
        knativeIngress: "kourier",
        inference: {
          ...onGpu,
          models: [{ ...assistant, pull: "warm-cache", rollout: { maximumLatencyP95Seconds: 5 } }, grades],
        },
        moodle: { ...production.moodle, ai: { model: "assistant", requests: 5000 } },
      },
      "inference-knative",
    ),
    ...(["nginx", "traefik", "contour", "istio"] as const).map((ingressController) =>
      combination("production", { ...production, ingressController }, ingressController),
    ),
    ...(["kourier", "contour", "istio"] as const).flatMap((knativeIngress) => [
      combination("production", { ...production, knative: true, knativeIngress }, `knative-${knativeIngress}`),
      combination("production", { ...production, model: "serverless", knativeIngress }, `serverless-${knativeIngress}`),
    ]),
    combination("staging", { ...staging, model: "serverless", ingressController: "nginx" }, "serverless-behind-nginx"),
    combination(
      "staging",
      {
        ...staging,
        ...{ model: "serverless", knativeIngress: "istio", ingressController: "istio" },
        moodle: { ...staging.moodle, cron: { trigger: "ping-source" } },
      },
      "serverless-one-istio",
    ),
    combination(
      "production",
      { ...production, knative: true, knativeIngress: "contour", ingressController: "contour" },
      "knative-beside-contour",
    ),
    combination("staging", { ...staging, incarnation: 2 }, "second-incarnation"),
    combination("production", { ...production, delivery: "operator" }, "operator"),
    ...(["5.1", "5.2"] as const).map((version) =>
      combination(
        "production",
        { ...production, moodle: { ...production.moodle, version, fileStorage: "shared-files" } },
        `moodle-${version}`,
      ),
    ),
  ];
}

/** No environment called production may be disposable, so one that is goes by the name of a rehearsal. */
function combination(base: Base, input: EnvironmentInput, variant?: string): Combination {
  const { cloud, protection, database } = input;
  const name = base === "production" && protection === "disposable" ? "rehearsal" : input.name;
  const words = [base, cloud, database?.engine, protection, ...(variant === undefined ? [] : [variant])];
  return { name: words.join("-"), base, input: { ...input, name } };
}
