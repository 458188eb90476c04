import { FaultySites } from "./support/faulty-sites";
import { snapshots, uploads } from "./support/faulty-tasks";
import { S3Server } from "./support/s3-server";

/** Every kind of request that snapshots and a verification make. */
const SNAPSHOT = snapshots([
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
]);

/** Bytes: two parts. */
const LARGE = 9_000_000;

/** What a file takes that the server cannot copy by itself. */
const UPLOAD = uploads(LARGE, [
  "GET moodle/filedir",
  "BEGIN backup/blobs",
  "PART backup/blobs",
  "COMPLETE backup/blobs",
]);

/** Those of which a snapshot and a verification of a large site make thousands. */
const QUICK = ["COPY backup/blobs", "GET backup?list=blobs", "PUT backup/dumps", "GET backup/refs", "GET backup/blobs"];

describe("an S3 server with faults", () => {
  let sites: FaultySites;

  beforeAll(async () => {
    sites = await FaultySites.on(await S3Server.start());
  });
  afterAll(() => sites.stop());

  test("is asked for these things and no other", async () => {
    expect(await sites.asked(SNAPSHOT)).toEqual([...SNAPSHOT.calls].sort());
  });

  test("is asked without the SDK for what there is much of, and through it after it was overloaded", async () => {
    const site = await sites.found("quick");
    await SNAPSHOT.run(site);
    expect([...site.proxy.quick]).toEqual(expect.arrayContaining(QUICK));
    await site.change();
    site.proxy.fail("503", ["COPY backup/blobs"]);
    site.proxy.quick.clear();
    await SNAPSHOT.run(site);
    expect(site.proxy.heal()).toEqual([]);
    expect(site.proxy.quick).toContain("COPY backup/blobs");
    expect(site.proxy.quick).not.toContain("GET backup?list=blobs");
    expect(site.proxy.quick).not.toContain("PUT backup/dumps");
  });

  test("that come once does no harm, whatever is asked for and whatever goes wrong", async () => {
    await sites.failOneByOne(SNAPSHOT);
  }, 300_000);

  test("that come once do no harm to a file that is uploaded in parts", async () => {
    await sites.failOneByOne(UPLOAD);
  }, 300_000);

  test("that takes its time to copy, or to put parts together, is waited for", async () => {
    for (const call of ["COPY backup/blobs", "COMPLETE backup/blobs"]) {
      const site = await sites.found(`late ${call.split(" ")[0]}`);
      if (call.startsWith("COMPLETE")) await UPLOAD.begin?.(site);
      await UPLOAD.prepare(site);
      site.proxy.fail("late answer", [call]);
      await SNAPSHOT.run(site);
      expect(site.proxy.heal()).toEqual([]);
      const asked = site.proxy.seen.filter((seen) => seen === call).length;
      expect({ call, asked }).toEqual({ call, asked: call.startsWith("COMPLETE") ? 1 : 5 });
    }
  });

  test("that calls an upload complete is not believed before the file is there", async () => {
    const site = await sites.found("false success");
    await UPLOAD.begin?.(site);
    await UPLOAD.prepare(site);
    site.proxy.fail("false success", ["COMPLETE backup/blobs"]);
    await SNAPSHOT.run(site);
    expect(site.proxy.heal()).toEqual([]);
    expect(site.proxy.seen.filter((call) => call === "COMPLETE backup/blobs")).toHaveLength(2);
  });

  test("that stay end a snapshot with a message, and the next one succeeds", async () => {
    await sites.failForGood(SNAPSHOT);
  }, 300_000);
});
