import { exitCodeOf } from "../../services/backup/src/errors";
import { runSnapshot } from "../../services/backup/src/snapshot/run";
import type { ObjectStore } from "../../services/backup/src/stores/store";
import { runVerify } from "../../services/backup/src/verify/run";
import { BucketSite } from "./support/bucket-site";
import { type Fault, FaultyProxy } from "./support/faulty-proxy";
import { S3Server } from "./support/s3-server";

const PATIENCE = { idle: 1500, idleCopy: 1500 };

/** Every kind of request that snapshots and a verification make. */
const CALLS = [
  "GET backup/config.json",
  "GET backup/lease.json",
  "PUT backup/lease.json",
  "GET backup?list=snapshots",
  "GET backup/snapshots",
  "GET moodle?versioning=",
  "GET moodle?object-lock=",
  "GET backup?list=blobs",
  "GET backup?list=verifications",
  "HEAD backup/blobs",
  "COPY backup/blobs",
  "PUT backup/dumps",
  "GET backup/refs",
  "PUT backup/refs",
  "PUT backup/snapshots",
  "HEAD backup/dumps",
  "GET backup/dumps",
  "GET backup/blobs",
];

/** Those that a snapshot does not make. */
const OF_VERIFY = ["GET backup?list=verifications", "HEAD backup/dumps", "GET backup/dumps", "GET backup/blobs"];
const FAULTS: readonly Fault[] = ["503", "lost answer", "half a body", "stall", "silence"];

/** A site whose requests go through a proxy of its own. */
class ProxiedSite extends BucketSite {
  private constructor(
    readonly proxy: FaultyProxy,
    bucket: ObjectStore,
    repository: ObjectStore,
  ) {
    super(bucket, repository);
  }

  static async found(server: S3Server, name: string): Promise<ProxiedSite> {
    const proxy = await FaultyProxy.start(server.endpoint);
    const store = (bucket: string) => server.store(bucket, `${name}/`, proxy.endpoint, PATIENCE);
    const site = new ProxiedSite(proxy, store("moodle"), store("backup"));
    await site.found(3);
    return site;
  }

  /** A snapshot and a verification, both without fault. */
  async work(): Promise<void> {
    const { manifest } = await runSnapshot(this.options());
    expect(manifest.status).toBe("complete");
    const { store, progress, clock, signal } = this.options();
    const report = await runVerify({ store, progress, clock, signal, readShare: 1, snapshots: [manifest.id] });
    expect(report.findings).toEqual([]);
  }

  async change(): Promise<void> {
    await this.addFile(`new ${Math.random()}`);
    this.database.t0 = new Date(this.database.t0.getTime() + 1);
  }
}

describe("an S3 server with faults", () => {
  let server: S3Server;
  const sites: ProxiedSite[] = [];
  const found = async (name: string): Promise<ProxiedSite> => {
    const site = await ProxiedSite.found(server, name.replaceAll(" ", "-"));
    sites.push(site);
    return site;
  };

  beforeAll(async () => {
    server = await S3Server.start();
    await server.makeBucket("moodle", { versioned: true });
    await server.makeBucket("backup");
  });
  afterAll(async () => {
    await Promise.all(sites.map(({ proxy }) => proxy.stop()));
    await server.stop();
  });

  test("is asked for these things and no other", async () => {
    const site = await found("fair");
    site.proxy.seen.length = 0;
    await site.work();
    await site.change();
    await site.work();
    await site.change();
    await site.work();
    expect(new Set(site.proxy.seen.filter((call) => !call.startsWith("PUT moodle")))).toEqual(new Set(CALLS));
  });

  // Most of their time is spent waiting.
  test("that come once does no harm, whatever is asked for and whatever goes wrong", async () => {
    await Promise.all(
      FAULTS.map(async (fault) => {
        const site = await found(fault);
        await site.work();
        for (const call of CALLS) {
          await site.change();
          site.proxy.fail(fault, call);
          const failure = await site.work().catch((error) => error);
          expect({ fault, call, failure, happened: site.proxy.heal() }).toEqual({ fault, call, happened: true });
        }
      }),
    );
  }, 300_000);

  test("that stay ends a snapshot with a message, and the next one succeeds", async () => {
    await Promise.all(
      CALLS.filter((call) => !OF_VERIFY.includes(call)).map(async (call) => {
        const site = await found(`stays ${CALLS.indexOf(call)}`);
        await site.work();
        await site.change();
        site.proxy.fail("503", call, 1000);
        const error = await runSnapshot(site.options()).catch((failure) => failure);
        expect({ call, happened: error instanceof Error }).toEqual({ call, happened: true });
        expect(exitCodeOf(error)).toBe(1);
        expect(error.message).toMatch(/^s3:\/\/(backup|moodle)\/stays-\d+\/: .* 503$/);
        site.proxy.heal();
        await site.work();
      }),
    );
  }, 300_000);
});
