import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { guarded } from "../../../services/backup/src/stores/body";

const open = (body: Readable, size?: number) =>
  guarded(body, { store: "memory://x", key: "k", size, translate: (error) => error, stallMilliseconds: 100 });

describe("the body of an answer", () => {
  test("passes on", async () => {
    expect(await text(open(Readable.from([Buffer.from("con"), Buffer.from("tent")]), 7))).toBe("content");
  });

  test("that ends early is a failure worth another attempt", async () => {
    await expect(text(open(Readable.from([Buffer.from("cont")]), 7))).rejects.toMatchObject({
      failure: "transient",
      message: "memory://x: reading k: 4 of 7 bytes came",
    });
  });

  test("that stalls is one too", async () => {
    const body = new PassThrough();
    body.write("con");
    await expect(text(open(body, 7))).rejects.toMatchObject({
      failure: "transient",
      message: "memory://x: reading k: no byte for 0.1 s",
    });
  });

  test("does not stall because its reader takes its time", async () => {
    const chunks = Array.from({ length: 8 }, () => Buffer.alloc(64 * 1024));
    let received = 0;
    for await (const chunk of open(Readable.from(chunks), 8 * 64 * 1024)) {
      received += (chunk as Buffer).length;
      await sleep(60);
    }
    expect(received).toBe(8 * 64 * 1024);
  });

  test("ends the connection where nobody reads it", async () => {
    const connection = new PassThrough();
    const body = open(connection);
    body.destroy();
    await sleep(10);
    expect(connection.destroyed).toBe(true);
  });
});
