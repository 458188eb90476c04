import { GoogleAuth } from "google-auth-library";
import type { CloudSnapshot, CloudSnapshots } from "./cloud-snapshots";
import type { CloudSnapshotsConfiguration } from "./configuration";

interface BackupRun {
  readonly id: string;
  readonly description?: string;
  readonly type?: string;
}

interface Operation {
  readonly backupContext?: { readonly backupId?: string };
}

/** What the descriptions of this program's backups begin with. */
const DESCRIPTION = "moodle-backup ";

/**
 * On-demand backups of a Cloud SQL instance, by the Admin API
 * (https://cloud.google.com/sql/docs/mysql/admin-api/rest/v1/backupRuns). Like gcloud it goes to another endpoint where
 * `CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL` names one.
 */
export class CloudSqlBackups implements CloudSnapshots {
  private readonly auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" });
  private readonly backupRuns: string;

  constructor({ project, instance }: Extract<CloudSnapshotsConfiguration, { kind: "cloud-sql" }>) {
    const endpoint = process.env.CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL ?? "https://sqladmin.googleapis.com";
    const path = `v1/projects/${encodeURIComponent(project)}/instances/${encodeURIComponent(instance)}/backupRuns`;
    this.backupRuns = `${endpoint.replace(/\/$/, "")}/${path}`;
  }

  async begin(ulid: string): Promise<CloudSnapshot> {
    const startedAt = new Date();
    const description = `${DESCRIPTION}${ulid}`;
    const operation = await this.request<Operation>("POST", this.backupRuns, { description });
    return { kind: "cloud-sql", id: operation.backupContext?.backupId ?? description, startedAt };
  }

  async list(): Promise<readonly string[]> {
    const runs: BackupRun[] = [];
    let pageToken = "";
    do {
      const page = await this.request<{ items?: BackupRun[]; nextPageToken?: string }>(
        "GET",
        `${this.backupRuns}?${new URLSearchParams({ maxResults: "100", pageToken })}`,
      );
      runs.push(...(page.items ?? []));
      pageToken = page.nextPageToken ?? "";
    } while (pageToken !== "");
    return runs
      .filter(({ type, description }) => type === "ON_DEMAND" && description?.startsWith(DESCRIPTION))
      .sort((a, b) => ((a.description ?? "") < (b.description ?? "") ? -1 : 1))
      .map(({ id }) => id);
  }

  async remove(id: string): Promise<void> {
    await this.request("DELETE", `${this.backupRuns}/${encodeURIComponent(id)}`);
  }

  private async request<T>(method: "GET" | "POST" | "DELETE", url: string, data?: unknown): Promise<T> {
    const response = await this.auth.request<T>({ url, method, data, timeout: 15_000, retry: true });
    return response.data;
  }
}
