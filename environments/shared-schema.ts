/** Fields that an environment has on every cloud, and the rest of what the clouds' schemas share. */
import { z } from "zod";
import { IMAGE_TAG, KUBERNETES } from "../constructs/versions";
import { clientCidr, count, cronSchedule, email, hostname, imageVersion, matching, timeZoneName } from "./fields";
import { inference } from "./inference-schema";
import { monitoring } from "./monitoring-schema";
import { moodle } from "./moodle-schema";

const sizing = z
  .strictObject({
    concurrentStudents: count(10, 20000)
      .optional()
      .describe(
        "Students who use the site at the same time, at the worst moment. Default: 1000 where protected, 100 where disposable.",
      ),
  })
  .prefault({})
  .describe("How large the site is: pods, database, Redis and nodes follow. A figure that stands in the file stands.");

export const backupFields = {
  schedules: z
    .strictObject({
      snapshot: cronSchedule.default("15 2 * * *").describe("When a snapshot is made."),
      verify: cronSchedule.default("0 8 * * 0").describe("When all snapshots are verified."),
      prune: cronSchedule.default("30 6 * * *").describe("When snapshots that need not be kept are let go."),
      drill: cronSchedule.default("0 8 * * 6").describe("When the newest snapshot is restored, to see that it can be."),
    })
    .prefault({})
    .describe("When each command runs: cron fields."),
  timeZone: timeZoneName.default("Etc/UTC").describe("Time zone of the schedules."),
  retention: z
    .strictObject({
      keepLast: count(1, 10000).optional().describe("The last n."),
      keepHourly: count(1, 10000).optional().describe("The last of each hour, for n hours that have one."),
      keepDaily: count(1, 10000).optional().describe("The last of each day, for n days that have one."),
      keepWeekly: count(1, 10000).optional().describe("The last of each week, for n weeks that have one."),
      keepMonthly: count(1, 10000).optional().describe("The last of each month, for n months that have one."),
      keepYearly: count(1, 10000).optional().describe("The last of each year, for n years that have one."),
      keepWithin: matching(
        /^(?=.)([0-9]+y)?([0-9]+m)?([0-9]+d)?([0-9]+h)?$/,
        "years, months, days and hours, such as 1y5m7d2h",
      )
        .optional()
        .describe("All of this time before the newest."),
    })
    .refine((retention) => Object.keys(retention).length > 0, "at least one rule")
    .default({ keepDaily: 14, keepWeekly: 8, keepMonthly: 12 })
    .describe("Which snapshots are kept: restic's words. Default: 14 daily, 8 weekly and 12 monthly ones."),
  readDataSubset: matching(/^(100|[0-9]{1,2}(\.[0-9]+)?)%$/, "a share such as 5%")
    .default("5%")
    .describe("Share of all files that each verification reads, going on where the last one ended."),
  lockDays: count(0, 3650)
    .optional()
    .describe("Days during which nobody can delete a snapshot. Default: 30 where protected, 0 where disposable."),
  allowPartial: z
    .boolean()
    .default(false)
    .describe(
      "Whether a snapshot that lacks files which Moodle has lost counts as made: for a site whose files are lost for good. Otherwise its Job fails, and MoodleBackupTooOld fires.",
    ),
  cloudSnapshots: count(0, 50)
    .default(0)
    .describe(
      "Snapshots that the cloud makes of the database beside each of the program's, and keeps: so many. They are quick to restore, outlive the database, and hold no files.",
    ),
  requireDrillWithin: matching(/^([0-9]+[hdw])+$/, "a time such as 7d")
    .optional()
    .describe(
      "How long ago a drill must have passed for Moodle's image to be changed, and how old its snapshot may have been then, such as 7d. Default: no drill is required.",
    ),
  scratchGb: count(1, 65536).default(20).describe("Space for the dump of the database, in GiB."),
  drillGb: count(1, 65536)
    .optional()
    .describe(
      "Space for a drill: the dump, and the database that is restored from it, in GiB. Default: the database's `storageGb` on AWS, 100 on Google Cloud.",
    ),
};

export const maxConnections = count(50, 5000)
  .optional()
  .describe(
    "Connections at most (`max_connections`). Default: 80 for each GiB of the database's memory, 5000 at most.",
  );

export const BACKUPS = "Backups of database and files together.";

const images = z
  .strictObject({
    registry: matching(/^[a-z0-9.-]+(:[0-9]+)?(\/[a-z0-9._-]+)*$/, "a registry's host and path, without a scheme")
      .optional()
      .describe("Registry of the platform's images. Default: the one that the bootstrap stack makes."),
    moodle: imageVersion.default(IMAGE_TAG).describe("Moodle's image: a digest, or a tag."),
    backup: imageVersion.default(IMAGE_TAG).describe("The backup image: a digest, or a tag."),
    analytics: imageVersion
      .default(IMAGE_TAG)
      .describe("The image of the server that Moodle's analytics ask: a digest, or a tag."),
    rollout: imageVersion.default(IMAGE_TAG).describe("The image that rolls models out: a digest, or a tag."),
    databaseRoles: imageVersion
      .default(IMAGE_TAG)
      .describe("The image that makes the database roles: a digest, or a tag."),
    operator: imageVersion
      .default(IMAGE_TAG)
      .describe("The operator's image, used where `delivery` is `operator`: a digest, or a tag."),
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

export const CI = "Continuous integration. Default: none, and bootstrap makes no role for it.";
export const ci = z
  .strictObject({
    githubRepository: matching(/^[A-Za-z0-9-]+\/[A-Za-z0-9._-]+$/, "owner/name of a GitHub repository").describe(
      "The repository whose workflows may plan and deploy.",
    ),
  })
  .describe(CI);

/** Where TLS ends in the cluster: how certificates are had from an ACME authority. */
const acme = z
  .strictObject({
    challenge: z
      .enum(["dns-01", "http-01"])
      .default("dns-01")
      .describe(
        "How the authority is shown whose the domain is: by a record in its zone, or by an answer of the site.",
      ),
    directory: z
      .url({ protocol: /^https$/, error: "an https:// address" })
      .default("https://acme-v02.api.letsencrypt.org/directory")
      .describe("Address of the authority."),
    email: email.optional().describe("Who hears from the authority. Default: `moodle.adminEmail`."),
  })
  .prefault({})
  .describe("Certificates by cert-manager.");

/** `edge.type` on every cloud, where no load balancer of the cloud reads requests. */
export const edgeNone = {
  type: z.literal("none").describe("The ingress controller has a network load balancer of its own, and ends TLS."),
  acme,
};

const INGRESS_CONTROLLERS = ["nginx", "traefik", "contour", "istio"] as const;

export const sharedFields = {
  name: matching(
    /^(?!.*--)[a-z][a-z0-9-]{0,14}[a-z0-9]$/,
    "2 to 16 lower-case letters, digits and single hyphens, a letter first",
  ).describe("Name of the environment and of its stack."),
  model: z
    .enum(["managed", "serverless"])
    .default("managed")
    .describe(
      "Deployment model: `managed` uses the cloud's managed data services; `serverless` does too, and its web pods are a Knative Service, which scales to zero.",
    ),
  protection: z
    .enum(["protected", "retiring", "disposable"])
    .describe(
      "`protected` refuses to lose data; `retiring` is the same without what refuses, for the deploy before a destroy; `disposable` is small, and can be deployed, destroyed and deployed again.",
    ),
  incarnation: count(1, 99)
    .default(1)
    .describe("Part of every name. Raise it to deploy again while the cloud still holds the names of a destroyed one."),
  owner: matching(/^[a-z0-9][a-z0-9_-]{0,62}$/, "lower-case letters, digits, - and _, 63 at most").describe(
    "Who pays and answers for it: a tag or label on every resource.",
  ),
  domain: hostname.describe("Host name of the site."),
  ingressController: z
    .enum(INGRESS_CONTROLLERS)
    .optional()
    .describe(
      "What routes requests in the cluster. Default: none, the edge sends them to the site's pods, or to Knative's gateway.",
    ),
  knative: z
    .boolean()
    .optional()
    .describe("Whether Knative runs in the cluster. Default: where `model` is serverless."),
  knativeIngress: z
    .enum(["kourier", "contour", "istio"])
    .optional()
    .describe(
      "What carries requests to Knative's Services; required with it. Istio beside the ingress controller istio is one gateway for both. Default: kourier where `model` is serverless.",
    ),
  delivery: z
    .enum(["helm", "operator"])
    .default("helm")
    .describe(
      "Who releases the site: Terraform by Helm, or moodle-operator in the cluster, which keeps it so from then on. The chart and its values are the same.",
    ),
  sizing,
  moodle,
  monitoring,
  inference,
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

export const kubernetesVersion = matching(/^1\.(3[4-9]|[4-9][0-9])$/, "a Kubernetes minor version from 1.34 on")
  .default(KUBERNETES)
  .describe("Kubernetes minor version.");

export const stateBucket = matching(
  /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  "3 to 63 lower-case letters, digits and hyphens, neither first nor last a hyphen",
).optional();
