import type { LoginStatus, MoodleClusterSpec } from "@moodle-platform/api";
import type { Stores } from "@moodle-platform/database-roles";
import { StoresAndDatabases } from "../../../services/operator/src/credentials/access";
import type { DatabaseServerValues } from "../../../services/operator/src/credentials/logins";
import type { ExternalSecret } from "../../../services/operator/src/credentials/rotation";
import { CredentialWatch } from "../../../services/operator/src/credentials/watch";
import type { Finding } from "../../../services/operator/src/kernel/conditions";
import type { MoodleCluster } from "../../../services/operator/src/kernel/types";

/** Name of the secret in every store. */
export const SECRET = "moodle-application";

/** What a look at the logins found. */
export interface Look {
  readonly logins: readonly LoginStatus[];
  readonly finding: Finding | undefined;
}

/** A site whose logins are watched. Each look is another process's, which knows nothing but the status. */
export class WatchedSite {
  /** All that was logged and found. */
  told = "";
  private status: Look = { logins: [], finding: undefined };
  private externalSecret: ExternalSecret | undefined;

  constructor(
    private readonly stores: Stores,
    private readonly store: keyof Stores,
    private readonly database: DatabaseServerValues & { readonly host: string },
  ) {}

  async look(changes: { readonly port?: number } = {}): Promise<Look> {
    const cluster = this.cluster(changes);
    let finished: () => void = () => {};
    const checked = new Promise<void>((resolve) => {
      finished = resolve;
    });
    const watch = this.watch(finished);
    await watch.observe(cluster);
    if (watch.again("moodle/site") !== undefined && !this.isNew) await watch.observe(cluster);
    if (!this.isNew) await checked;
    return this.remember(watch, cluster);
  }

  /** All pods were replaced, as the release's reconciler says. */
  async settle(): Promise<Look> {
    await this.look();
    const cluster = this.cluster({});
    const watch = this.watch(() => {});
    await watch.observe(cluster);
    while (watch.again("moodle/site") === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    watch.settled(cluster);
    this.remember(watch, cluster);
    return this.look();
  }

  /** External Secrets has copied `version`, or is behind the specification that names it. */
  copy(version: string, isBehind = false): void {
    this.externalSecret = {
      metadata: { name: "site-database", generation: 2 },
      spec: { data: [{ remoteRef: { version } }, { remoteRef: { version } }] },
      status: { syncedResourceVersion: `${isBehind ? 1 : 2}-abc`, conditions: [{ type: "Ready", status: "True" }] },
    };
  }

  private get isNew(): boolean {
    return this.status.logins.length === 0;
  }

  private watch(enqueue: () => void): CredentialWatch {
    const log = (fields: object, message: string) => {
      this.told += JSON.stringify([message, fields]);
    };
    return new CredentialWatch({
      stores: this.stores,
      access: new StoresAndDatabases(this.stores),
      resources: { get: async () => this.externalSecret as never },
      interval: 60_000,
      enqueue,
      log: { debug: log, info: log, warn: log, error: log } as never,
      random: () => 0,
    });
  }

  private remember(watch: CredentialWatch, cluster: MoodleCluster): Look {
    this.status = { logins: watch.loginsOf(cluster), finding: watch.findings(cluster)[0] };
    this.told += JSON.stringify(this.status);
    return this.status;
  }

  private cluster({ port = this.database.port }: { readonly port?: number }): MoodleCluster {
    const secret = { store: { kind: "SecretStore", name: this.store }, key: SECRET };
    const values = { database: { ...this.database, port, secret } } as unknown as MoodleClusterSpec["values"];
    const { logins, finding } = this.status;
    return {
      metadata: { name: "site", namespace: "moodle", generation: 1 },
      spec: { values } as MoodleClusterSpec,
      status: {
        logins: [...logins],
        conditions: finding === undefined ? [] : [{ ...finding, lastTransitionTime: "2027-01-01T00:00:00Z" }],
      },
    };
  }
}
