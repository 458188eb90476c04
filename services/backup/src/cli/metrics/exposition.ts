import type { RepositoryState } from "../operations";
import { summarise } from "../summary";

/** Lines of Prometheus's text format: https://prometheus.io/docs/instrumenting/exposition_formats/ */
class Exposition {
  private readonly lines: string[] = [];

  gauge(name: string, help: string, samples: readonly (readonly [labels: string, value: number])[]): void {
    if (samples.length === 0) return;
    this.lines.push(`# HELP moodle_backup_${name} ${help}`, `# TYPE moodle_backup_${name} gauge`);
    for (const [labels, value] of samples) this.lines.push(`moodle_backup_${name}${labels} ${value}`);
  }

  value(name: string, help: string, value: number | undefined): void {
    if (value !== undefined) this.gauge(name, help, [["", value]]);
  }

  toString(): string {
    return `${this.lines.join("\n")}\n`;
  }
}

/** What a site's configuration asks for. */
export interface Wanted {
  /** Snapshots that the cloud makes of the database beside each of the program's. */
  readonly cloudSnapshots: boolean;
}

/**
 * What the repository itself says: a CronJob that was made anew, or a site whose CronJobs are gone, changes nothing in it.
 * A metric of something that has never taken place, or that nobody wants, is absent.
 */
export function exposeState(
  { repository, snapshots, verification, drill, passedDrill }: RepositoryState,
  { cloudSnapshots }: Wanted,
): string {
  const manifests = snapshots.flatMap((snapshot) => ("problem" in snapshot ? [] : [snapshot]));
  const newest = manifests.at(-1);
  const complete = manifests.filter(({ status }) => status === "complete").at(-1);
  const count = (wanted: string) => manifests.filter(({ status }) => status === wanted).length;

  const page = new Exposition();
  page.value("repository", "Whether there is a repository: 1 or 0.", repository === undefined ? 0 : 1);
  page.value(
    "repository_created_timestamp_seconds",
    "When it was made.",
    repository && unix(new Date(repository.createdAt)),
  );
  page.gauge("snapshots", "Snapshots in the repository.", [
    ['{status="complete"}', count("complete")],
    ['{status="partial"}', count("partial")],
    ['{status="unreadable"}', snapshots.length - manifests.length],
  ]);
  page.value("last_complete_snapshot_timestamp_seconds", "Moment of the newest complete snapshot.", unix(complete?.t0));
  if (newest !== undefined) {
    const { t0, finishedAt, databaseBytes, cloudSnapshot, files, added, missing } = summarise(newest);
    page.value("last_snapshot_timestamp_seconds", "Moment of the newest snapshot.", unix(t0));
    page.value(
      "last_snapshot_duration_seconds",
      "Time from that moment until the snapshot was sealed.",
      (finishedAt.getTime() - t0.getTime()) / 1000,
    );
    page.value("last_snapshot_database_bytes", "Size of its dump.", databaseBytes);
    page.value("last_snapshot_files", "Files that its database refers to.", files.references);
    page.value("last_snapshot_files_bytes", "Size of those.", files.bytes);
    page.value("last_snapshot_added_bytes", "Size of the files that were new in it.", added.bytes);
    page.value("last_snapshot_missing_files", "Files that it lacks.", missing?.blobs ?? 0);
    page.value(
      "last_snapshot_cloud_snapshot",
      "Whether the cloud made one of the database beside it: 1 or 0.",
      cloudSnapshots ? Number(cloudSnapshot !== undefined) : undefined,
    );
  }
  page.value("last_verification_timestamp_seconds", "End of the newest verification.", unix(verification?.finishedAt));
  page.value("last_verification_findings", "Problems that it found.", verification?.findings);
  page.value("last_drill_timestamp_seconds", "End of the newest drill.", unix(drill?.finishedAt));
  page.value("last_drill_passed", "Whether it passed: 1 or 0.", drill && Number(drill.passed));
  page.value("last_drill_restore_seconds", "Time in which it restored the database.", drill?.seconds.restore);
  page.value(
    "last_passed_drill_timestamp_seconds",
    "End of the newest drill that passed.",
    unix(passedDrill?.finishedAt),
  );
  return page.toString();
}

function unix(time: Date | undefined): number | undefined {
  return time && time.getTime() / 1000;
}
