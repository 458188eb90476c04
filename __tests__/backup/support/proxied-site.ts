import { runSnapshot } from "../../../services/backup/src/snapshot/run";
import type { ObjectStore } from "../../../services/backup/src/stores/store";
import { runVerify } from "../../../services/backup/src/verify/run";
import { BucketSite } from "./bucket-site";
import { FaultyProxy, type Protocol } from "./faulty-proxy";

/** A server that can stand behind a proxy. */
export interface ProxiedServer {
  readonly endpoint: string;
  newProtocol(): Protocol;
  /** A bucket through a proxy, below a prefix. What hangs is repeated soon. */
  impatientStore(bucket: string, prefix: string, endpoint: string): ObjectStore;
}

/** A site whose requests go through a proxy of its own. */
export class ProxiedSite extends BucketSite {
  private constructor(
    readonly proxy: FaultyProxy,
    /** A bucket through the proxy, below a prefix of the site's own. */
    readonly through: (bucket: string, folder?: string) => ObjectStore,
  ) {
    super(through("moodle"), through("backup"));
  }

  static async found(server: ProxiedServer, name: string): Promise<ProxiedSite> {
    const proxy = await FaultyProxy.start(server.endpoint, server.newProtocol());
    const prefix = name.replaceAll(" ", "-");
    const site = new ProxiedSite(proxy, (bucket, folder = prefix) =>
      server.impatientStore(bucket, `${folder}/`, proxy.endpoint),
    );
    await site.found(3);
    return site;
  }

  /** A snapshot, complete. */
  async snapshot(): Promise<string> {
    const { manifest } = await runSnapshot(this.options());
    expect(manifest.status).toBe("complete");
    return manifest.id;
  }

  /** Reads all of a snapshot, and finds it whole. */
  async verify(id: string): Promise<void> {
    const { store, progress, clock, signal } = this.options();
    const report = await runVerify({ store, progress, clock, signal, readShare: 1, snapshots: [id] });
    expect(report.findings).toEqual([]);
  }

  async change(): Promise<void> {
    await this.addFile(`new ${Math.random()}`);
    this.database.t0 = new Date(this.database.t0.getTime() + 1);
  }

  /** What was asked for since it was last told, in general terms. */
  asked(): ReadonlySet<string> {
    return new Set(this.proxy.seen.splice(0));
  }
}
