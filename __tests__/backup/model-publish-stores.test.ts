/** The publishing command's heart against object stores over HTTP. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publishModel } from "../../scripts/model-publish/publish";
import type { ObjectStore } from "../../services/backup/src/stores/store";
import { GcsServer } from "./support/gcs-server";
import { S3Server } from "./support/s3-server";

describe.each([
  ["S3", S3Server],
  ["Cloud Storage", GcsServer],
] as const)("on %s", (_, Server) => {
  let server: S3Server | GcsServer;
  let store: ObjectStore;
  let folder: string;

  beforeAll(async () => {
    server = await Server.start();
    // Without versions: to S3, a deleted object is none (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html),
    // while versitygw takes its delete marker for one.
    await server.makeBucket("models");
    store = server.store("models");
    folder = mkdtempSync(join(tmpdir(), "model-"));
    mkdirSync(join(folder, "weights"));
    writeFileSync(join(folder, "config.json"), "{}");
    // Larger than one part of an upload.
    writeFileSync(join(folder, "weights", "part-1.bin"), Buffer.alloc(20 * 1024 * 1024, "weights"));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await store.close();
    await server.stop();
  });

  test("publishes once, says so, and refuses another content", async () => {
    const model = { store, folder, name: "bert", version: "v1.3.0" };
    expect((await publishModel(model)).outcome).toBe("published");
    expect((await publishModel(model)).outcome).toBe("already");
    writeFileSync(join(folder, "config.json"), "[]");
    await expect(publishModel(model)).rejects.toThrow(/is published in .* with another config\.json/);
    expect((await publishModel({ ...model, version: "v1.3.1" })).outcome).toBe("published");
  });

  test("writes over nothing that came in between, and sends nothing that is there", async () => {
    const model = { store, folder, name: "bert", version: "v2.0.0" };
    await store.put("models/bert/v2.0.0/config.json", Buffer.from("{}"));
    await expect(publishModel(model)).rejects.toThrow(/--discard-unfinished/);
    const sent: string[] = [];
    const report = (line: string) => sent.push(line);
    await publishModel({ ...model, discardUnfinished: true, report });
    expect(sent.sort()).toEqual(["sent  config.json", "sent  weights/part-1.bin"]);
  });

  test("of four who publish the same at once, all end with the same", async () => {
    const model = { store, folder, name: "bert", version: "v3.0.0" };
    const all = await Promise.all(Array.from({ length: 4 }, () => publishModel(model)));
    expect(all.map(({ files }) => files)).toEqual(Array(4).fill(2));
  });
});
