/** A file that no service copies in one go. It takes minutes and 12 GB of disk, so it waits for `BACKUP_LARGE=1`. */
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runRestore } from "../../services/backup/src/restore/run";
import { runSnapshot } from "../../services/backup/src/snapshot/run";
import { blobPath } from "../../services/backup/src/sources/files";
import { FolderStore } from "../../services/backup/src/stores/folder";
import { runVerify } from "../../services/backup/src/verify/run";
import { BucketSite } from "./support/bucket-site";
import { S3Server } from "./support/s3-server";

const BYTES = 6 * 1024 ** 3;
const large = process.env.BACKUP_LARGE === "1" ? test : test.skip;

large(
  "a file of 6 GB goes from bucket to bucket and back, compared with its SHA-1",
  async () => {
    const server = await S3Server.start({ sidecar: true });
    const folder = mkdtempSync(join(tmpdir(), "large-"));
    try {
      await server.makeBucket("moodle", { versioned: true });
      await server.makeBucket("backup");
      const original = join(folder, "original");
      writeFileSync(original, "begins like this");
      truncateSync(original, BYTES);
      const hash = await sha1Of(original);
      const site = new BucketSite(server.store("moodle"), server.store("backup"));
      await site.found(1);
      await site.bucket.putStream(blobPath(hash), createReadStream(original), { size: BYTES });
      rmSync(original);
      site.database.files.set(hash, BYTES);
      const { manifest } = await runSnapshot(site.options());
      expect(site.events.filter(({ kind }) => kind === "warning")).toEqual([]);
      expect([manifest.status, manifest.files.bytes]).toEqual(["complete", BYTES + "file 0".length]);
      const { store, progress, clock, signal, scratch } = site.options();
      expect((await runVerify({ store, progress, clock, signal, readShare: 1 })).findings).toEqual([]);
      mkdirSync(join(folder, "filedir"));
      const files = new FolderStore(join(folder, "filedir"));
      await runRestore({ store, snapshot: "latest", files, scratch, progress, clock, signal });
      expect(await sha1Of(join(folder, "filedir", blobPath(hash)))).toBe(hash);
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  1_800_000,
);

async function sha1Of(path: string): Promise<string> {
  const sha1 = createHash("sha1");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) sha1.update(chunk);
  return sha1.digest("hex");
}
