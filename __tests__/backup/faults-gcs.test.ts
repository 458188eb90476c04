import { FaultySites } from "./support/faulty-sites";
import { prunes, restoresIntoBucket, restoresIntoFolder, snapshots, uploads } from "./support/faulty-tasks";
import { GcsServer } from "./support/gcs-server";

/** Every kind of request that snapshots and a verification make. */
const SNAPSHOT = snapshots([
  "GET backup/config.json",
  "GET backup/lease.json",
  "PUT backup/lease.json",
  "GET backup?list=snapshots",
  "GET backup/snapshots",
  "GET moodle?settings",
  "GET backup?list=blobs",
  "GET backup?list=verifications",
  "HEAD backup/blobs",
  "HEAD moodle/filedir",
  "COPY backup/blobs",
  "PUT backup/dumps",
  "GET backup/refs",
  "PUT backup/refs",
  "PUT backup/snapshots",
  "HEAD backup/dumps",
  "GET backup/dumps",
  "GET backup/blobs",
]);

/** Bytes: three parts. */
const LARGE = 1_200_000;

/** What a file takes that the service cannot copy by itself. */
const UPLOAD = uploads(LARGE, [
  "GET moodle/filedir",
  "BEGIN backup/blobs",
  "PART backup/blobs",
  "COMPLETE backup/blobs",
]);

const PRUNE = prunes([
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
  "DELETE backup/snapshots",
  "DELETE backup/dumps",
  "DELETE backup/refs",
  "DELETE backup/blobs",
  "DELETE backup/plans",
]);

const RESTORE = restoresIntoBucket([
  "GET backup/config.json",
  "GET backup?list=snapshots",
  "GET backup/snapshots",
  "GET backup/refs",
  "GET backup?list=blobs",
  "GET backup/dumps",
  "HEAD backup/blobs",
  "GET restored/moodle-backup-restore.json",
  "GET restored?list=",
  "PUT restored/moodle-backup-restore.json",
  "COPY restored/filedir",
  "DELETE restored/moodle-backup-restore.json",
]);

const INTO_FOLDER = restoresIntoFolder(["GET backup/blobs"]);

describe("Cloud Storage with faults", () => {
  let sites: FaultySites;

  beforeAll(async () => {
    sites = await FaultySites.on(await GcsServer.start());
  });
  afterAll(() => sites.stop());

  test("is asked for these things and no other", async () => {
    expect(await sites.asked(SNAPSHOT)).toEqual([...SNAPSHOT.calls].sort());
    expect(await sites.asked(PRUNE)).toEqual([...PRUNE.calls].sort());
    // Of copies, one in a hundred is read.
    const restored = (await sites.asked(RESTORE)).filter((call) => call !== "GET restored/filedir");
    expect(restored).toEqual([...RESTORE.calls].sort());
    expect(await sites.asked(INTO_FOLDER)).toEqual(expect.arrayContaining([...INTO_FOLDER.calls]));
  });

  test("that come once does no harm to a snapshot, a prune or a restore", async () => {
    await Promise.all([
      sites.failOnce(SNAPSHOT),
      sites.failOnce(PRUNE),
      sites.failOnce(RESTORE),
      sites.failOnce(INTO_FOLDER),
    ]);
  }, 300_000);

  test("that come once do no harm to a file that is uploaded in parts", async () => {
    await sites.failOnce(UPLOAD);
  }, 300_000);

  test("that calls an upload complete is not believed before the file is there", async () => {
    const site = await sites.found("false success");
    await UPLOAD.begin?.(site);
    await UPLOAD.prepare(site);
    site.proxy.fail("false success", ["COMPLETE backup/blobs"]);
    await UPLOAD.run(site);
    expect(site.proxy.heal()).toEqual([]);
    expect(site.proxy.seen.filter((call) => call === "COMPLETE backup/blobs")).toHaveLength(2);
  });

  test("that stay end each with a message, and the next one succeeds", async () => {
    await Promise.all([
      sites.failForGood(SNAPSHOT),
      sites.failForGood(PRUNE),
      sites.failForGood(RESTORE),
      sites.failForGood(INTO_FOLDER),
    ]);
  }, 300_000);
});
