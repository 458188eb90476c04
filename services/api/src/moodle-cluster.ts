import { z } from "zod";
import { checked, count, listByKey, objectName, RELEASE_NAME_RULE, rollout, suspend, text } from "./fields";
import type { ResourceDefinition } from "./resource";
import { conditions, releaseStatus } from "./status";

const image = checked(
  z.looseObject({
    repository: text(255).regex(/^[a-z0-9][a-z0-9._/:-]*$/),
    tag: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/)
      .optional(),
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .optional(),
  }),
  { rule: "has(self.tag) != has(self.digest)", message: "give the image either a tag or a digest" },
);

const web = checked(
  z.looseObject({
    minReplicas: count(0, 500).optional(),
    maxReplicas: count(1, 500).optional(),
  }),
  {
    rule: "!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
    message: "maxReplicas must be minReplicas or more: raise the one or lower the other",
  },
);

const site = z.looseObject({
  domain: z
    .string()
    .max(253)
    .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/),
  name: text(254),
  adminEmail: z
    .string()
    .max(254)
    .regex(/^[^@\s]+@[^@\s]+$/),
});

const database = z.looseObject({
  type: checked(z.enum(["pgsql", "mysqli", "mariadb", "auroramysql"]), {
    rule: "self == oldSelf",
    message: "the kind of database cannot change: move the site by a backup and a restore into a new MoodleCluster",
  }),
  host: text(253),
  port: count(1, 65535),
  name: text(63),
});

const files = z.looseObject({
  storageClassName: checked(text(253), {
    rule: "self == oldSelf",
    message: "the storage class of a claim cannot change: restore a backup into a new MoodleCluster",
  }),
  capacityGb: checked(count(1, 1048576), {
    rule: "self >= oldSelf",
    message: "a volume cannot shrink: keep the size or give more",
  }),
});

const values = z
  .looseObject({ image, site, web: web.optional(), database, files })
  .describe(
    "Values of charts/moodle, all that it has; docs/reference/moodle-chart.md is their reference. The API server checks the fields that no site can do without, the chart's own schema checks the others before anything is changed.",
  );

const spec = checked(
  z.strictObject({
    suspend,
    values,
    rollout,
    drift: z
      .enum(["off", "warn", "enforce"])
      .default("warn")
      .describe(
        "What happens where an object differs from its release: nothing, a condition, or repair. In YAML `off` needs quotes.",
      ),
    snapshot: z
      .strictObject({
        cronJob: objectName.describe(
          "CronJob of charts/backup that a snapshot is made from, such as `backup-snapshot`.",
        ),
      })
      .optional()
      .describe(
        "The snapshot that is made before another image comes, and before a deletion by `Snapshot`. Default: none.",
      ),
    deletionPolicy: z
      .enum(["Retain", "Snapshot", "Delete"])
      .default("Retain")
      .describe(
        "What happens to the site when the resource is deleted: it stays as it is; it goes after a last snapshot; it goes. `values.files.retain` decides on the claim.",
      ),
  }),
  {
    rule: "self.deletionPolicy != 'Snapshot' || has(self.snapshot)",
    message: "deletionPolicy Snapshot needs snapshot.cronJob: name the CronJob, or choose Retain or Delete",
  },
);

const login = z.object({
  name: z.enum(["database", "database-reader"]).describe("Which login: the site's own, or the one for replicas."),
  key: z.string().describe("Name of the secret in its store."),
  version: z.string().describe("Its version that the site is given: the newest with which a login worked."),
  phase: z
    .enum(["Synchronizing", "RollingOut", "InUse"])
    .describe("Whether External Secrets copies that version, pods are being replaced, or all pods have it."),
  restartedAt: z.string().optional().describe("When pods were last replaced because of it."),
});

const status = z.object({
  observedGeneration: z.int().optional().describe("Generation of the specification that was looked at."),
  conditions: conditions.optional(),
  release: releaseStatus.optional(),
  logins: listByKey(z.array(login), "name")
    .optional()
    .describe("Versions of the logins at the database, where the operator knows their store."),
});

export type MoodleClusterSpec = z.infer<typeof spec>;
/** As people write it: without what has a default. */
export type MoodleClusterInput = z.input<typeof spec>;
export type MoodleClusterStatus = z.infer<typeof status>;
export type LoginStatus = z.infer<typeof login>;

/** A Moodle site. */
export const MOODLE_CLUSTER = {
  kind: "MoodleCluster",
  plural: "moodleclusters",
  singular: "moodlecluster",
  shortNames: ["moodle"],
  description: "A Moodle site: a release of charts/moodle, kept as the specification says.",
  spec,
  status,
  rules: [RELEASE_NAME_RULE],
  columns: [
    { name: "Domain", type: "string", jsonPath: ".spec.values.site.domain" },
    { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    { name: "Revision", type: "integer", jsonPath: ".status.release.revision" },
    {
      name: "Credentials",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="CredentialsCurrent")].status',
      priority: 1,
    },
    { name: "Drifted", type: "string", jsonPath: '.status.conditions[?(@.type=="Drifted")].status', priority: 1 },
    { name: "Image", type: "string", jsonPath: ".status.release.verified.image", priority: 1 },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
} as const satisfies ResourceDefinition;
