import { exitCodeOf } from "../../services/backup/src/errors";
import { runRestore } from "../../services/backup/src/restore/run";
import { blobPath } from "../../services/backup/src/sources/files";
import { FolderStore } from "../../services/backup/src/stores/folder";
import type { ObjectStore } from "../../services/backup/src/stores/store";
import { FakeTarget } from "../services/backup/support/fake-target";
import { memoryFolder } from "./support/memory-folder";
import { FAULTS, ProxiedSite } from "./support/proxied-site";
import { S3Server } from "./support/s3-server";

/** Every kind of request that a restore makes from bucket to bucket. */
const CALLS = [
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
];

/** Only a restore into a folder reads blobs. */
const INTO_FOLDER = "GET backup/blobs";

describe("a restore from an S3 server with faults", () => {
  let server: S3Server;
  const sites: ProxiedSite[] = [];
  let targets = 0;

  const found = async (name: string): Promise<ProxiedSite> => {
    const site = await ProxiedSite.found(server, name);
    sites.push(site);
    await site.snapshot();
    site.asked();
    return site;
  };
  const newTarget = (site: ProxiedSite, call?: string): { files: ObjectStore; database: FakeTarget } => {
    const files =
      call === INTO_FOLDER
        ? new FolderStore(memoryFolder("restored"))
        : site.through("restored", `target-${String(++targets)}`);
    return { files, database: new FakeTarget() };
  };
  const restore = (site: ProxiedSite, target: { files: ObjectStore; database: FakeTarget }) => {
    const { store, scratch, progress, clock, signal } = site.options();
    return runRestore({ store, snapshot: "latest", ...target, scratch, progress, clock, signal });
  };
  /** The files are those of the site, under their own names, and the database is there. */
  const expectWhole = async (site: ProxiedSite, { files, database }: ReturnType<typeof newTarget>) => {
    const keys: string[] = [];
    for await (const page of files.list("")) keys.push(...page.map(({ key }) => key));
    expect(keys.sort()).toEqual([...site.database.files.keys()].sort().map(blobPath));
    expect(database.files).toEqual(site.database.files);
    expect(await database.state()).toEqual({ kind: "occupied", tables: 1 });
  };

  beforeAll(async () => {
    server = await S3Server.start();
    await server.makeBucket("moodle", { versioned: true });
    await server.makeBucket("backup");
    await server.makeBucket("restored");
  });
  afterAll(async () => {
    await Promise.all(sites.map(({ proxy }) => proxy.stop()));
    await server.stop();
  });

  test("asks for these things and no other", async () => {
    const site = await found("fair");
    await restore(site, newTarget(site));
    expect([...site.asked()].sort()).toEqual([...CALLS].sort());
    await restore(site, newTarget(site, INTO_FOLDER));
    expect(site.asked()).toContain(INTO_FOLDER);
  });

  test("is whole when they come once, whatever is asked for and whatever goes wrong", async () => {
    await Promise.all(
      FAULTS.map(async (fault) => {
        const site = await found(fault);
        for (const call of [...CALLS, INTO_FOLDER]) {
          const target = newTarget(site, call);
          site.proxy.fail(fault, call);
          const failure = await restore(site, target).catch((error) => error);
          expect({ fault, call, happened: site.proxy.heal(), failure }).toMatchObject({ happened: true, failure: {} });
          if (failure instanceof Error) throw new Error(`${fault} at ${call}`, { cause: failure });
          await expectWhole(site, target);
        }
      }),
    );
  }, 300_000);

  test("ends with a message when they stay, and the same command then goes on", async () => {
    await Promise.all(
      [...CALLS, INTO_FOLDER].map(async (call, index) => {
        const site = await found(`stays ${index}`);
        const target = newTarget(site, call);
        site.proxy.fail("503", call, 1000);
        const error = await restore(site, target).catch((failure) => failure);
        expect({ call, failed: error instanceof Error }).toEqual({ call, failed: true });
        expect(exitCodeOf(error)).toBe(1);
        expect(error.message).toMatch(/^s3:\/\/(backup|restored)\/(stays|target)-\d+\/: .* 503$/);
        site.proxy.heal();
        await restore(site, target);
        await expectWhole(site, target);
      }),
    );
  }, 300_000);
});
