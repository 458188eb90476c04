import type { Configuration } from "../../configuration/schema";

/** The commands that a schedule can run, and their arguments. */
export const SCHEDULED = {
  // What the cloud's own snapshot lacks, metrics tell: a Job that failed would say that there is no snapshot.
  snapshot: ["snapshot", "--init", "--allow-incomplete"],
  verify: ["verify", "--record"],
  prune: ["prune"],
  drill: ["drill"],
} as const;

export type ScheduledCommand = keyof typeof SCHEDULED;

/** Something of the cluster that the pods see as a folder. */
export interface Mount {
  readonly name: string;
  readonly path: string;
}

export interface ScheduleOptions {
  readonly namespace: string;
  /** First part of the names of all that is made. */
  readonly name: string;
  readonly image: string;
  readonly serviceAccount: string;
  /** Cron fields of each command that runs by itself. */
  readonly schedules: Readonly<Partial<Record<ScheduledCommand, string>>>;
  readonly timeZone: string;
  /** Secrets of the namespace, mounted read-only. */
  readonly secrets: readonly Mount[];
  /** Claims of the namespace, mounted read-only. */
  readonly claims: readonly Mount[];
  readonly scratchGb: number;
}

const FILE = "config.json";
const FOLDER = "/etc/moodle-backup";

/** Exit codes after which another attempt ends in the same way. */
export const FINAL_EXIT_CODES = [2, 3, 10, 12, 20, 21];

/**
 * A ConfigMap with the configuration, and a CronJob of each command: what `charts/backup` makes of them, for clusters
 * without it. Namespace, service account, secrets and claims are there already.
 */
export function manifests(configuration: Configuration, options: ScheduleOptions): object[] {
  const { name, namespace } = options;
  const metadata = { name, namespace, labels: labels(options) };
  return [
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { [FILE]: JSON.stringify(configuration) } },
    ...Object.entries(options.schedules).map(([command, schedule]) => cronJob(command as ScheduledCommand, schedule)),
  ];

  function cronJob(command: ScheduledCommand, schedule: string): object {
    const commandLabels = { ...labels(options), "app.kubernetes.io/component": command };
    return {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: `${name}-${command}`, namespace, labels: commandLabels },
      spec: {
        schedule,
        timeZone: options.timeZone,
        concurrencyPolicy: "Forbid",
        startingDeadlineSeconds: 3600,
        successfulJobsHistoryLimit: 3,
        failedJobsHistoryLimit: 3,
        jobTemplate: {
          metadata: { labels: commandLabels },
          spec: {
            backoffLimit: 2,
            activeDeadlineSeconds: 12 * 3600,
            ttlSecondsAfterFinished: 7 * 86_400,
            podFailurePolicy: {
              rules: [
                { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
                {
                  action: "FailJob",
                  onExitCodes: { containerName: "backup", operator: "In", values: FINAL_EXIT_CODES },
                },
              ],
            },
            template: { metadata: { labels: commandLabels }, spec: podSpec(command, options) },
          },
        },
      },
    };
  }
}

function labels({ name }: ScheduleOptions): Record<string, string> {
  return { "app.kubernetes.io/name": "backup", "app.kubernetes.io/instance": name };
}

function podSpec(command: ScheduledCommand, options: ScheduleOptions): object {
  const { image, serviceAccount, secrets, claims, scratchGb } = options;
  const mounts = [...secrets, ...claims];
  return {
    restartPolicy: "Never",
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 33,
      runAsGroup: 33,
      fsGroup: 33,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: "backup",
        image,
        args: [
          ...SCHEDULED[command],
          "--config",
          `${FOLDER}/${FILE}`,
          "--json",
          "--result-file",
          "/dev/termination-log",
        ],
        terminationMessagePolicy: "FallbackToLogsOnError",
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        resources: {
          requests: { cpu: "250m", memory: "512Mi", "ephemeral-storage": `${scratchGb}Gi` },
          limits: { memory: "1Gi" },
        },
        volumeMounts: [
          { name: "config", mountPath: FOLDER, readOnly: true },
          { name: "scratch", mountPath: "/var/tmp/moodle-backup" },
          { name: "scratch", mountPath: "/tmp", subPath: "tmp" },
          ...mounts.map(({ name, path }) => ({ name, mountPath: path, readOnly: true })),
        ],
      },
    ],
    volumes: [
      { name: "config", configMap: { name: options.name } },
      { name: "scratch", emptyDir: { sizeLimit: `${scratchGb}Gi` } },
      ...secrets.map(({ name }) => ({ name, secret: { secretName: name, defaultMode: 0o440 } })),
      ...claims.map(({ name }) => ({ name, persistentVolumeClaim: { claimName: name, readOnly: true } })),
    ],
  };
}
