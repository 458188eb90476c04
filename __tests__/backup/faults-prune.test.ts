import { FaultySites } from "./support/faulty-sites";
import { prunes } from "./support/faulty-tasks";
import { S3Server } from "./support/s3-server";

/** Every kind of request that a prune makes: first one that marks, then one that deletes. */
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
  "POST backup?delete=",
]);

describe("a prune of a repository on an S3 server with faults", () => {
  let sites: FaultySites;

  beforeAll(async () => {
    sites = await FaultySites.on(await S3Server.start());
  });
  afterAll(() => sites.stop());

  test("asks for these things and no other", async () => {
    expect(await sites.asked(PRUNE)).toEqual([...PRUNE.calls].sort());
  });

  test("deletes what it should and nothing else when they come once", async () => {
    await sites.failOnce(PRUNE);
  }, 300_000);

  test("ends with a message when they stay, deletes nothing that is needed, and the next one succeeds", async () => {
    await sites.failForGood(PRUNE);
  }, 300_000);
});
