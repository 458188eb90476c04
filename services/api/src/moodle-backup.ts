import { z } from "zod";
import { checked, count, RELEASE_NAME_RULE, releaseName, rollout, suspend, text } from "./fields";
import type { ResourceDefinition } from "./resource";
import { conditions, releaseStatus } from "./status";

const cron = text(100).regex(/^\S+( \S+){4}$/);

const repository = z.looseObject({ kind: z.enum(["s3", "gcs", "folder"]) });

const schedules = z.strictObject({
  snapshot: cron,
  verify: cron.optional(),
  prune: cron.optional(),
  drill: cron.optional(),
});

const values = z
  .looseObject({
    image: text(512),
    config: z.looseObject({ repository, database: z.looseObject({}), retention: z.looseObject({}) }),
    schedules,
    timeZone: text(64).optional(),
  })
  .describe(
    "Values of charts/backup: schedules, retention and targets; docs/reference/backup-chart.md is their reference.",
  );

const spec = z.strictObject({
  suspend,
  cluster: checked(releaseName, {
    rule: "self == oldSelf",
    message: "a MoodleBackup stays with its site: make another one for another site",
  })
    .optional()
    .describe(
      "The MoodleCluster of this namespace whose backups these are: it carries BackupFresh too. Default: none.",
    ),
  values,
  rollout,
  maxAgeHours: z
    .strictObject({
      snapshot: count(1, 8760).default(33).describe("Age of the last snapshot."),
      verify: count(1, 8760).default(213).describe("Age of the last verification."),
      drill: count(1, 8760).default(213).describe("Age of the last drill."),
    })
    .prefault({})
    .describe("Hours after which the last success of what is scheduled is too old."),
  deletionPolicy: z
    .enum(["Retain", "Delete"])
    .default("Retain")
    .describe("Whether the CronJobs stay when the resource is deleted, or go. Backups stay either way."),
});

const run = z.object({
  command: z.string(),
  lastSchedule: z.string().optional().describe("When it last began."),
  lastSuccess: z.string().optional().describe("When it last succeeded."),
});

const status = z.object({
  observedGeneration: z.int().optional().describe("Generation of the specification that was looked at."),
  conditions: conditions.optional(),
  release: releaseStatus.optional(),
  runs: z.array(run).max(8).optional().describe("What is scheduled, and when it last succeeded."),
  lastSnapshot: z.string().optional().describe("When a snapshot last succeeded."),
});

export type MoodleBackupSpec = z.infer<typeof spec>;
export type MoodleBackupStatus = z.infer<typeof status>;

/** The backups of a site. */
export const MOODLE_BACKUP = {
  kind: "MoodleBackup",
  plural: "moodlebackups",
  singular: "moodlebackup",
  shortNames: ["mbackup"],
  description:
    "The backups of a site: a release of charts/backup, whose CronJobs move the bytes, and how fresh they are.",
  spec,
  status,
  rules: [RELEASE_NAME_RULE],
  columns: [
    { name: "Schedule", type: "string", jsonPath: ".spec.values.schedules.snapshot" },
    { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: "Fresh", type: "string", jsonPath: '.status.conditions[?(@.type=="BackupFresh")].status' },
    { name: "Last snapshot", type: "date", jsonPath: ".status.lastSnapshot" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
} as const satisfies ResourceDefinition;
