import { FaultySites } from "./support/faulty-sites";
import { restoresIntoBucket, restoresIntoFolder } from "./support/faulty-tasks";
import { S3Server } from "./support/s3-server";

/** Every kind of request that a restore makes from bucket to bucket. */
const RESTORE = restoresIntoBucket([
  "GET backup/config.json",
  "GET backup?list=snapshots",
  "GET backup/snapshots",
  "GET backup/refs",
  "GET backup?list=blobs",
  "GET backup/dumps",
  "GET restored/moodle-backup-restore.json",
  "GET restored?list=",
  "PUT restored/moodle-backup-restore.json",
  "COPY restored/filedir",
  "POST restored?delete=",
]);

const INTO_FOLDER = restoresIntoFolder(["GET backup/blobs"]);

describe("a restore from an S3 server with faults", () => {
  let sites: FaultySites;

  beforeAll(async () => {
    sites = await FaultySites.on(await S3Server.start());
  });
  afterAll(() => sites.stop());

  test("asks for these things and no other", async () => {
    expect(await sites.asked(RESTORE)).toEqual([...RESTORE.calls].sort());
    expect(await sites.asked(INTO_FOLDER)).toEqual(expect.arrayContaining([...INTO_FOLDER.calls]));
  });

  test("is whole when they come once, whatever is asked for and whatever goes wrong", async () => {
    await Promise.all([sites.failOnce(RESTORE), sites.failOnce(INTO_FOLDER)]);
  }, 300_000);

  test("ends with a message when they stay, and the same command then goes on", async () => {
    await Promise.all([sites.failForGood(RESTORE), sites.failForGood(INTO_FOLDER)]);
  }, 300_000);
});
