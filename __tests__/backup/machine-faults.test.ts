/** Faults of the machine that a run is on, or of where it writes. Full disks are small file systems, which root can mount. */
import { execFileSync } from "node:child_process";
import { exitCodeOf } from "../../services/backup/src/errors";
import { runRestore } from "../../services/backup/src/restore/run";
import { runSnapshot } from "../../services/backup/src/snapshot/run";
import { FolderStore } from "../../services/backup/src/stores/folder";
import type { ObjectStore } from "../../services/backup/src/stores/store";
import { runVerify } from "../../services/backup/src/verify/run";
import { FakeTarget } from "../services/backup/support/fake-target";
import { BucketSite } from "./support/bucket-site";
import { memoryFolder } from "./support/memory-folder";
import { S3Server } from "./support/s3-server";

const HOUR = 3_600_000;
const EVERYTHING_BUT_DATE: FakeableAPI[] = [
  ...(["hrtime", "nextTick", "performance", "queueMicrotask", "setImmediate", "clearImmediate"] as const),
  ...(["setInterval", "clearInterval", "setTimeout", "clearTimeout"] as const),
];

async function verify(site: BucketSite): Promise<void> {
  const { store, progress, clock, signal } = site.options();
  expect((await runVerify({ store, progress, clock, signal, readShare: 1 })).findings).toEqual([]);
}

function restore(site: BucketSite, files: ObjectStore, database = new FakeTarget()) {
  const { store, scratch, progress, clock, signal } = site.options();
  return runRestore({ store, snapshot: "latest", files, database, scratch, progress, clock, signal });
}

describe("a disk that is full", () => {
  const mounted: string[] = [];
  /** A folder that takes so many kilobytes. */
  const smallFolder = (kilobytes: number): string => {
    const folder = memoryFolder("small");
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", folder]);
    mounted.push(folder);
    return folder;
  };
  const enlarge = (folder: string) => execFileSync("mount", ["-o", "remount,size=64m", folder]);
  const siteOf = async (repository: ObjectStore): Promise<BucketSite> => {
    const site = new BucketSite(new FolderStore(memoryFolder("moodle")), repository);
    site.bucket.bucketState = async () => ({ versioned: true });
    await site.found(3);
    for (let file = 0; file < 8; file++) await site.addFile(String(file).repeat(100_000));
    return site;
  };

  afterAll(() => {
    for (const folder of mounted) execFileSync("umount", [folder]);
  });

  test("under the repository ends a snapshot that seals nothing, and with more space the next one is whole", async () => {
    // Four of the files fit in, and the lease, which is given back.
    const folder = smallFolder(480);
    const site = await siteOf(new FolderStore(folder));
    const error = await runSnapshot(site.options()).catch((failure) => failure);
    expect([exitCodeOf(error), error.message]).toEqual([1, expect.stringMatching(/^\/.*: writing .*: ENOSPC/)]);
    for await (const page of site.repository.list("snapshots/")) expect(page).toEqual([]);
    enlarge(folder);
    expect((await runSnapshot(site.options())).manifest.status).toBe("complete");
    await verify(site);
  });

  test("under restored files ends the restore, and with more space the same command goes on", async () => {
    const site = await siteOf(new FolderStore(memoryFolder("repository")));
    await runSnapshot(site.options());
    const folder = smallFolder(512);
    const [files, database] = [new FolderStore(folder), new FakeTarget()];
    const error = await restore(site, files, database).catch((failure) => failure);
    expect([exitCodeOf(error), error.message]).toEqual([1, expect.stringMatching(/^\/.*: writing .*: ENOSPC/)]);
    expect(await database.state()).toEqual({ kind: "empty" });
    enlarge(folder);
    expect((await restore(site, files, database)).files.blobs).toBe(11);
    expect(database.files).toEqual(site.database.files);
  });

  test("under the scratch folder is said to be that", async () => {
    const site = await siteOf(new FolderStore(memoryFolder("repository")));
    const scratch = smallFolder(4);
    const error = await runSnapshot({ ...site.options(), scratch }).catch((failure) => failure);
    expect([exitCodeOf(error), error.message]).toEqual([
      1,
      expect.stringMatching(/is full; give the scratch folder more space$/),
    ]);
    expect((await runSnapshot(site.options())).manifest.status).toBe("complete");
  });
});

describe("on an S3 server", () => {
  let server: S3Server;
  let sites = 0;
  const newSite = async (): Promise<BucketSite> => {
    const prefix = `site-${++sites}/`;
    const site = new BucketSite(server.store("moodle", prefix), server.store("backup", prefix));
    await site.found(5);
    return site;
  };

  beforeAll(async () => {
    server = await S3Server.start();
    await server.makeBucket("moodle", { versioned: true });
    await server.makeBucket("backup");
  });
  afterEach(() => jest.useRealTimers());
  afterAll(() => server.stop());

  // Signatures hold for a quarter of an hour: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPRequests.html
  test.each([-30 * 24 * HOUR, 2 * HOUR])(
    "a machine whose clock is off by %i ms makes a whole snapshot",
    async (offset) => {
      const site = await newSite();
      jest.useFakeTimers({ now: Date.now() + offset, doNotFake: EVERYTHING_BUT_DATE });
      const { manifest } = await runSnapshot(site.options());
      expect(manifest.status).toBe("complete");
      await expect(restore(site, server.store("moodle", `restored-${sites}/`))).resolves.toMatchObject({
        files: { blobs: 5 },
      });
      await verify(site);
    },
  );

  test("two runs at once: one makes a snapshot, the other says who is at work and ends with 11", async () => {
    const site = await newSite();
    const outcomes = await Promise.allSettled([runSnapshot(site.options()), runSnapshot(otherMachine(site))]);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toMatchObject([
      { value: { manifest: { status: "complete" } } },
    ]);
    const [refused] = outcomes.filter((outcome) => outcome.status === "rejected");
    expect([exitCodeOf(refused?.reason), refused?.reason.message]).toEqual([
      11,
      expect.stringMatching(/^s3:\/\/backup\/site-\d+\/ is in use by a snapshot|^another run has just begun in /),
    ]);
    await verify(site);
  });

  test("two runs at once that may wait: both make a snapshot, whichever is first", async () => {
    const site = await newSite();
    const runs = [site.options(), otherMachine(site)].map((options) =>
      runSnapshot({ ...options, retryLockSeconds: 60 }),
    );
    const ids = (await Promise.all(runs)).map(({ manifest }) => manifest.id);
    expect(new Set(ids).size).toBe(2);
    await verify(site);
  });

  /** The same site, as another pod sees it. */
  function otherMachine(site: BucketSite) {
    return { ...site.options(), scratch: memoryFolder("scratch") };
  }
});
