import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { GcsStore } from "../../../services/backup/src/stores/gcs";

/** Cloud Storage as far as a copy in two steps asks it; the emulator of other tests knows neither steps nor locks. */
describe("a copy within Cloud Storage", () => {
  const asked: { readonly path: string; readonly query: Readonly<Record<string, string>>; readonly body: unknown }[] =
    [];
  let copied = "yZRlqg==";
  let server: Server;
  let from: GcsStore;
  let to: GcsStore;

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "", "http://storage");
      const query = Object.fromEntries(searchParams);
      response.setHeader("content-type", "application/json");
      if (request.method === "GET")
        return response.end(JSON.stringify({ name: "a b", crc32c: "yZRlqg==", size: "11" }));
      asked.push({ path: pathname, query, body: JSON.parse(await text(request)) });
      const step =
        query.rewriteToken === undefined ? { rewriteToken: "go on" } : { resource: { crc32c: copied, size: "11" } };
      return response.end(JSON.stringify(step));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    from = new GcsStore({ kind: "gcs", bucket: "moodle", prefix: "", endpoint });
    to = new GcsStore({ kind: "gcs", bucket: "backups", prefix: "site/", endpoint, kmsKeyId: "projects/p/key" });
  });
  beforeEach(() => {
    asked.length = 0;
    copied = "yZRlqg==";
  });
  afterAll(() => server.close());

  test("carries its lock, its key and the version that it is of through every step", async () => {
    const retainUntil = new Date("2027-02-01T08:00:00Z");
    expect(await to.copyFrom(from, "a b", "blobs/1", { versionId: "7", retainUntil })).toEqual({
      size: 11,
      verified: true,
    });
    const path = "/storage/v1/b/moodle/o/a%20b/rewriteTo/b/backups/o/site%2Fblobs%2F1";
    const query = { sourceGeneration: "7", destinationKmsKeyName: "projects/p/key" };
    const body = { retention: { mode: "Locked", retainUntilTime: "2027-02-01T08:00:00.000Z" } };
    expect(asked).toEqual([
      { path, query: expect.objectContaining(query), body },
      { path, query: expect.objectContaining({ ...query, rewriteToken: "go on" }), body },
    ]);
  });

  test("that differs from its original is refused", async () => {
    copied = "AAAAAA==";
    await expect(to.copyFrom(from, "a b", "blobs/1")).rejects.toThrow("another CRC32C than a b");
  });
});
