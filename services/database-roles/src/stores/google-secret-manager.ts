import { GoogleApi } from "../google";
import { parseSecret, type SecretStore, type StoredSecret } from "../secrets";

interface SecretVersion {
  readonly name: string;
  readonly payload: { readonly data: string };
}

/**
 * Google Secret Manager. Needs `secretmanager.versions.access` and `secretmanager.versions.add` on the secrets, which
 * exist already.
 *
 * Its versions are numbered and it has no write on a condition: two programs at once are kept apart by the lock that
 * each holds in the database while it runs.
 */
export class GoogleSecretManager implements SecretStore {
  private readonly api = new GoogleApi("secretmanager", "https://secretmanager.googleapis.com");

  constructor(private readonly project: string) {}

  /**
   * `latest` may be behind for minutes, a version asked for by its number is not: so it looks for the ones after it.
   * https://cloud.google.com/secret-manager/docs/access-secret-version
   */
  async read(name: string, version?: string): Promise<StoredSecret> {
    let newest = await this.access(name, version ?? "latest");
    while (version === undefined) {
      const next = await this.access(name, String(newest === undefined ? 1 : versionNumber(newest) + 1));
      if (next === undefined) break;
      newest = next;
    }
    if (newest === undefined) return { version: "0", values: {} };
    const text = Buffer.from(newest.payload.data, "base64").toString("utf8");
    return { version: String(versionNumber(newest)), values: parseSecret(name, text) };
  }

  async replace(name: string, values: Readonly<Record<string, unknown>>, previous: StoredSecret): Promise<boolean> {
    const data = Buffer.from(JSON.stringify(values)).toString("base64");
    const response = await this.api.request<SecretVersion>(
      "POST",
      `${this.path(name)}:addVersion`,
      { payload: { data } },
      [404],
    );
    if (response.status === 404) {
      throw new Error(`secret ${name} does not exist in Google Secret Manager; Terraform makes it`);
    }
    return versionNumber(response.data) === Number(previous.version) + 1;
  }

  private async access(name: string, version: string): Promise<SecretVersion | undefined> {
    const path = `${this.path(name)}/versions/${version}:access`;
    const response = await this.api.request<SecretVersion>("GET", path, undefined, [400, 404]);
    if (response.status === 400) {
      throw new Error(`secret ${name}: version ${version} is disabled or destroyed; enable it, or add a version`);
    }
    return response.status === 404 ? undefined : response.data;
  }

  private path(name: string): string {
    return `v1/projects/${encodeURIComponent(this.project)}/secrets/${encodeURIComponent(name)}`;
  }
}

/** From `projects/<number>/secrets/<name>/versions/<number>`. */
function versionNumber({ name }: SecretVersion): number {
  return Number(name.slice(name.lastIndexOf("/") + 1));
}
