import { randomBytes } from "node:crypto";
import { exitCodeOf } from "../../services/backup/src/errors";
import { runSnapshot } from "../../services/backup/src/snapshot/run";
import { FAULTS, ProxiedSite } from "./support/proxied-site";
import { S3Server } from "./support/s3-server";

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

/** Those of which a snapshot and a verification of a large site make thousands. */
const QUICK = ["COPY backup/blobs", "GET backup?list=blobs", "PUT backup/dumps", "GET backup/refs", "GET backup/blobs"];

/** What a file takes that the server cannot copy by itself. */
const CALLS_OF_PARTS = ["GET moodle/filedir", "BEGIN backup/blobs", "PART backup/blobs", "COMPLETE backup/blobs"];
/** Bytes: three parts. */
const LARGE = 17_000_000;

/** Those that a snapshot does not make. */
const OF_VERIFY = ["GET backup?list=verifications", "HEAD backup/dumps", "GET backup/dumps", "GET backup/blobs"];

describe("an S3 server with faults", () => {
  let server: S3Server;
  const sites: ProxiedSite[] = [];
  const found = async (name: string): Promise<ProxiedSite> => {
    const site = await ProxiedSite.found(server, name);
    sites.push(site);
    return site;
  };

  /** A snapshot and a verification, both without fault. */
  const work = async (site: ProxiedSite): Promise<void> => site.verify(await site.snapshot());

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
    site.asked();
    await work(site);
    await site.change();
    await work(site);
    await site.change();
    await work(site);
    expect([...site.asked()].filter((call) => !call.startsWith("PUT moodle")).sort()).toEqual([...CALLS].sort());
  });

  test("is asked without the SDK for what there is much of, and through it after it was overloaded", async () => {
    const site = await found("quick");
    await work(site);
    expect([...site.proxy.quick]).toEqual(expect.arrayContaining(QUICK));
    await site.change();
    site.proxy.fail("503", "COPY backup/blobs");
    site.proxy.quick.clear();
    await work(site);
    expect(site.proxy.heal()).toBe(true);
    expect(site.proxy.quick).toContain("COPY backup/blobs");
    expect(site.proxy.quick).not.toContain("GET backup?list=blobs");
    expect(site.proxy.quick).not.toContain("PUT backup/dumps");
  });

  // Most of their time is spent waiting.
  test("that come once does no harm, whatever is asked for and whatever goes wrong", async () => {
    await Promise.all(
      FAULTS.map(async (fault) => {
        const site = await found(fault);
        await work(site);
        for (const call of CALLS) {
          await site.change();
          site.proxy.fail(fault, call);
          const failure = await work(site).catch((error) => error);
          expect({ fault, call, failure, happened: site.proxy.heal() }).toEqual({ fault, call, happened: true });
        }
      }),
    );
  }, 300_000);

  test("that come once do no harm to a file that is uploaded in parts", async () => {
    await Promise.all(
      FAULTS.map(async (fault) => {
        const site = await found(`parts ${fault}`);
        site.repository.canCopyFrom = () => false;
        for (const call of CALLS_OF_PARTS) {
          await site.addFile(randomBytes(LARGE / 2).toString("hex"));
          await site.change();
          site.proxy.fail(fault, call);
          const failure = await work(site).catch((error) => error);
          expect({ fault, call, failure, happened: site.proxy.heal() }).toEqual({ fault, call, happened: true });
        }
      }),
    );
  }, 300_000);

  test("that takes its time to copy, or to put parts together, is waited for", async () => {
    for (const call of ["COPY backup/blobs", "COMPLETE backup/blobs"]) {
      const site = await found(`late ${call.split(" ")[0]}`);
      if (call.startsWith("COMPLETE")) site.repository.canCopyFrom = () => false;
      await site.addFile(randomBytes(LARGE / 2).toString("hex"));
      site.proxy.fail("late answer", call);
      await work(site);
      expect({ call, happened: site.proxy.heal() }).toEqual({ call, happened: true });
      const asked = site.proxy.seen.filter((seen) => seen === call).length;
      expect({ call, asked }).toEqual({ call, asked: call.startsWith("COMPLETE") ? 1 : 4 });
    }
  });

  test("that calls an upload complete is not believed before the file is there", async () => {
    const site = await found("false success");
    site.repository.canCopyFrom = () => false;
    await site.addFile(randomBytes(LARGE / 2).toString("hex"));
    site.proxy.fail("false success", "COMPLETE backup/blobs");
    await work(site);
    expect(site.proxy.heal()).toBe(true);
    expect(site.proxy.seen.filter((call) => call === "COMPLETE backup/blobs")).toHaveLength(2);
  });

  test("that stay ends a snapshot with a message, and the next one succeeds", async () => {
    await Promise.all(
      CALLS.filter((call) => !OF_VERIFY.includes(call)).map(async (call) => {
        const site = await found(`stays ${CALLS.indexOf(call)}`);
        await work(site);
        await site.change();
        site.proxy.fail("503", call, 1000);
        const error = await runSnapshot(site.options()).catch((failure) => failure);
        expect({ call, happened: error instanceof Error }).toEqual({ call, happened: true });
        expect(exitCodeOf(error)).toBe(1);
        expect(error.message).toMatch(/^s3:\/\/(backup|moodle)\/stays-\d+\/: .* 503$/);
        site.proxy.heal();
        await work(site);
      }),
    );
  }, 300_000);
});
