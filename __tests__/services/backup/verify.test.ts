import type { VerifyOptions } from "../../../services/backup/src/operations";
import { blobKey, dumpFolder, shardKey, snapshotKey } from "../../../services/backup/src/repository/layout";
import type { Manifest } from "../../../services/backup/src/repository/manifest";
import { runSnapshot } from "../../../services/backup/src/snapshot/run";
import { runVerify } from "../../../services/backup/src/verify/run";
import { SECRET, TestSite } from "./support/site";

describe("a verification", () => {
  let site: TestSite;
  let first: Manifest;
  let second: Manifest;
  let onlyInFirst: string;
  let inBoth: string;

  beforeEach(async () => {
    site = await TestSite.create(20);
    inBoth = await site.addFile("in both");
    onlyInFirst = await site.addFile("only in the first");
    first = (await runSnapshot(site.options())).manifest;
    site.database.files.delete(onlyInFirst);
    site.database.t0 = new Date("2026-03-02T02:00:00Z");
    second = (await runSnapshot(site.options())).manifest;
  });

  const verify = (options: Partial<VerifyOptions> = {}) => {
    const { store, progress, clock, signal } = site.options();
    return runVerify({ store, progress, clock, signal, ...options });
  };
  const flip = (key: string) =>
    site.repository.damage(key, (content) => {
      content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
      return content;
    });

  test("of a sound repository finds nothing", async () => {
    expect(await verify({ readShare: 1 })).toEqual({
      snapshots: 2,
      blobs: 22,
      read: { objects: 24, bytes: expect.any(Number) },
      findings: [],
      furtherFindings: 0,
    });
  });

  test("names a missing blob and the snapshots that need it", async () => {
    site.repository.objects.delete(blobKey(onlyInFirst));
    site.repository.objects.delete(blobKey(inBoth));
    const { findings } = await verify();
    expect(findings).toHaveLength(2);
    expect(findings).toContainEqual({
      problem: "missing",
      what: "blob",
      key: blobKey(onlyInFirst),
      snapshots: [first.id],
    });
    expect(findings).toContainEqual({
      problem: "missing",
      what: "blob",
      key: blobKey(inBoth),
      snapshots: [first.id, second.id],
    });
  });

  test("finds a blob that was cut short without reading others", async () => {
    site.repository.damage(blobKey(inBoth), (content) => content.subarray(0, 3));
    expect((await verify()).findings).toEqual([
      { problem: "damaged", what: "blob", key: blobKey(inBoth), snapshots: [first.id, second.id] },
    ]);
  });

  test("finds a flipped bit when it reads", async () => {
    flip(blobKey(inBoth));
    expect((await verify()).findings).toEqual([]);
    expect((await verify({ readShare: 1 })).findings).toEqual([
      { problem: "damaged", what: "blob", key: blobKey(inBoth), snapshots: [first.id, second.id] },
    ]);
  });

  test("finds a missing and a damaged dump", async () => {
    const key = `${dumpFolder(second.id)}toc.dat`;
    flip(key);
    expect((await verify({ readShare: 0.001 })).findings).toEqual([
      { problem: "damaged", what: "dump", key, snapshots: [second.id] },
    ]);
    site.repository.objects.delete(key);
    expect((await verify()).findings).toEqual([{ problem: "missing", what: "dump", key, snapshots: [second.id] }]);
  });

  test("finds a truncated shard", async () => {
    const shard = second.files.shards.find(
      ({ sha256 }) => !first.files.shards.some((other) => other.sha256 === sha256),
    );
    const key = shardKey(shard?.sha256 ?? "");
    site.repository.damage(key, (content) => content.subarray(0, content.length / 2));
    expect((await verify()).findings).toEqual([
      { problem: "damaged", what: "references", key, snapshots: [second.id] },
    ]);
  });

  test("finds a manifest that was changed", async () => {
    site.repository.damage(snapshotKey(first.id), (content) =>
      Buffer.from(content.toString().replace('"status": "complete"', '"status": "partial"')),
    );
    expect((await verify()).findings).toEqual([
      { problem: "damaged", what: "manifest", key: snapshotKey(first.id), snapshots: [first.id] },
    ]);
  });

  test("finds a snapshot that was asked for and is not there", async () => {
    site.repository.objects.delete(snapshotKey(first.id));
    expect((await verify({ snapshots: [first.id] })).findings).toEqual([
      { problem: "missing", what: "manifest", key: snapshotKey(first.id), snapshots: [first.id] },
    ]);
  });

  test("tells a blob behind a delete marker from a missing one", async () => {
    site = new TestSite();
    site.repository.versioned = true;
    Object.assign(site, await TestSite.create(0));
    site.repository.versioned = true;
    const hash = await site.addFile("hidden");
    const { manifest } = await runSnapshot(site.options());
    await site.repository.delete([blobKey(hash)]);
    expect((await verify()).findings).toEqual([
      { problem: "hidden", what: "blob", key: blobKey(hash), snapshots: [manifest.id] },
    ]);
  });

  test("reads everything once in as many runs as its share says", async () => {
    let read = 0;
    for (let run = 0; run < 4; run++) {
      read += (await verify({ readShare: 0.25, signingSecret: SECRET })).read.objects;
    }
    // The newest dump is read by every run, the other by every second.
    expect(read).toBe(22 + 4 + 2);
  });

  test("goes round: a share that begins at the end goes on at the beginning", async () => {
    const read: string[] = [];
    const get = site.repository.get.bind(site.repository);
    site.repository.get = async (key, ...rest) => {
      if (key.startsWith("blobs/")) read.push(key);
      return get(key, ...rest);
    };
    for (let run = 0; run < 4; run++) await verify({ readShare: 0.3, signingSecret: SECRET });
    expect([...new Set(read)].sort()).toEqual(site.repository.keys("blobs/"));
    read.length = 0;
    await verify({ readShare: 0.9, signingSecret: SECRET });
    await verify({ readShare: 0.9, signingSecret: SECRET });
    expect(new Set(read).size).toBe(22);
  });

  test("does not blame a prune that runs at the same time", async () => {
    const list = site.repository.list.bind(site.repository);
    site.repository.list = (prefix) => {
      if (prefix === "blobs/00/") {
        site.repository.objects.delete(snapshotKey(first.id));
        site.repository.objects.delete(blobKey(onlyInFirst));
      }
      return list(prefix);
    };
    expect((await verify()).findings).toEqual([]);
  });
});
