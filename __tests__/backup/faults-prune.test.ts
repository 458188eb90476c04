import { exitCodeOf } from "../../services/backup/src/errors";
import type { PruneReport } from "../../services/backup/src/operations";
import { runPrune } from "../../services/backup/src/prune/run";
import { blobKey, dumpFolder, snapshotKey } from "../../services/backup/src/repository/layout";
import { FAULTS, ProxiedSite } from "./support/proxied-site";
import { S3Server } from "./support/s3-server";

/** Every kind of request that a prune makes: first one that marks, then one that deletes. */
const CALLS = [
  "GET backup/config.json",
  "GET backup/lease.json",
  "PUT backup/lease.json",
  "GET backup?list=snapshots",
  "GET backup/snapshots",
  "GET backup?list=plans",
  "GET backup/plans",
  "PUT backup/plans",
  "GET backup?list=dumps",
  "GET backup?list=refs",
  "GET backup?list=blobs",
  "GET backup/refs",
  "POST backup?delete=",
];

describe("a prune of a repository on an S3 server with faults", () => {
  let server: S3Server;
  const sites: ProxiedSite[] = [];

  const found = async (name: string): Promise<ProxiedSite> => {
    const site = await ProxiedSite.found(server, name);
    sites.push(site);
    return site;
  };
  /** Two snapshots, and a file that only the older one needs. */
  const age = async (site: ProxiedSite) => {
    await site.change();
    const hash = await site.addFile(`goes ${Math.random()}`);
    const old = await site.snapshot();
    site.database.files.delete(hash);
    await site.change();
    return { hash, old, kept: await site.snapshot() };
  };
  const prune = (site: ProxiedSite): Promise<PruneReport> =>
    runPrune({ ...site.options(), retention: { keepLast: 1 }, graceHours: 0 });
  /** What the kept snapshot needs is there; the old one is gone, and its file. */
  const expectPruned = async (site: ProxiedSite, { hash, old, kept }: Awaited<ReturnType<typeof age>>) => {
    await site.verify(kept);
    const { repository } = site;
    expect(await repository.head(snapshotKey(old))).toBeUndefined();
    expect(await repository.head(blobKey(hash))).toBeUndefined();
    for await (const page of repository.list(dumpFolder(old))) expect(page).toEqual([]);
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

  test("asks for these things and no other", async () => {
    const site = await found("fair");
    await age(site);
    site.asked();
    await prune(site);
    await prune(site);
    expect([...site.asked()].sort()).toEqual([...CALLS].sort());
  });

  test("deletes what it should and nothing else when they come once", async () => {
    await Promise.all(
      FAULTS.map(async (fault) => {
        const site = await found(fault);
        for (const call of CALLS) {
          const aged = await age(site);
          site.proxy.fail(fault, call);
          const failure = await prune(site)
            .then(() => prune(site))
            .then(
              () => undefined,
              (error) => error,
            );
          expect({ fault, call, failure, happened: site.proxy.heal() }).toEqual({ fault, call, happened: true });
          await expectPruned(site, aged);
        }
      }),
    );
  }, 300_000);

  test("ends with a message when they stay, deletes nothing that is needed, and the next one succeeds", async () => {
    await Promise.all(
      CALLS.map(async (call, index) => {
        const site = await found(`stays ${index}`);
        const aged = await age(site);
        site.proxy.fail("503", call, 1000);
        // Only the second one deletes.
        const error = await prune(site)
          .then(() => prune(site))
          .catch((failure) => failure);
        expect({ call, failed: error instanceof Error }).toEqual({ call, failed: true });
        expect(exitCodeOf(error)).toBe(1);
        expect(error.message).toMatch(/^s3:\/\/backup\/stays-\d+\/: .* 503$/);
        site.proxy.heal();
        await site.verify(aged.kept);
        await prune(site);
        await prune(site);
        await expectPruned(site, aged);
      }),
    );
  }, 300_000);
});
