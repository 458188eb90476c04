import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import { describeStore } from "../services/backup/support/store-contract";
import { GcsServer } from "./support/gcs-server";
import { S3Server } from "./support/s3-server";

const sha1 = (content: string) => createHash("sha1").update(content).digest("hex");

describe("S3 over HTTP", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await S3Server.start();
    await server.makeBucket("plain");
    await server.makeBucket("versions", { versioned: true });
    await server.makeBucket("locked", { lock: true });
  });
  afterAll(() => server.stop());

  describe("without versions", () => {
    describeStore(() => server.store("plain", "folder/"));
  });

  describe("with versions", () => {
    describeStore(() => server.store("versions"), { versions: true });
  });

  test("copies by itself, with the SHA-1 of the content", async () => {
    const source = server.store("versions", "filedir/");
    const target = server.store("plain", "copies/");
    await source.put("ab/cd", Buffer.from("old"));
    const { versionId } = await source.put("ab/cd", Buffer.from("newer"));
    await source.put("ab/cd", Buffer.from("newest"));
    expect(target.canCopyFrom(source, 6)).toBe(true);
    expect(target.canCopyFrom(source, 6 * 1024 ** 3)).toBe(false);
    expect(await target.copyFrom(source, "ab/cd", "x")).toMatchObject({ sha1: sha1("newest"), verified: true });
    expect(await target.copyFrom(source, "ab/cd", "y", { versionId })).toMatchObject({ sha1: sha1("newer") });
    expect(await target.get("y").then(({ body }) => text(body))).toBe("newer");
    await expect(target.copyFrom(source, "no/ne", "z")).rejects.toMatchObject({
      failure: "not-found",
      store: source.name,
    });
  });

  test("locks objects, for longer but never for shorter", async () => {
    const store = server.store("locked");
    expect((await store.bucketState()).lock?.mode).toBe("COMPLIANCE");
    const soon = new Date(Date.now() + 3_600_000);
    const later = new Date(soon.getTime() + 3_600_000);
    await store.put("a", Buffer.from("1"), { retainUntil: soon });
    await store.extendRetention("a", later);
    await store.extendRetention("a", soon);
    expect(Math.abs(((await store.retention("a"))?.getTime() ?? 0) - later.getTime())).toBeLessThan(1000);
  });

  test("a wrong key is said to be one", async () => {
    const store = server.store("plain");
    process.env.AWS_SECRET_ACCESS_KEY = "wrong";
    try {
      await expect(store.put("a", Buffer.from("1"))).rejects.toMatchObject({
        failure: "denied",
        message:
          "s3://plain: writing a: SignatureDoesNotMatch 403; check the identity, its permissions, and those on the bucket's key",
      });
    } finally {
      server.signIn();
    }
  });
});

describe("Cloud Storage over HTTP", () => {
  let server: GcsServer;
  beforeAll(async () => {
    server = await GcsServer.start();
    await server.makeBucket("plain");
    await server.makeBucket("versions", { versioned: true });
  });
  afterAll(() => server.stop());

  describe("without versions", () => {
    describeStore(() => server.store("plain", "folder/"));
  });

  describe("with versions", () => {
    describeStore(() => server.store("versions"), { versions: true });
  });

  test("copies by itself", async () => {
    const source = server.store("versions", "filedir/");
    const target = server.store("plain", "copies/");
    await source.put("ab/cd", Buffer.from("content"));
    expect(await target.copyFrom(source, "ab/cd", "x")).toEqual({ size: 7, verified: true });
    await expect(target.copyFrom(source, "no/ne", "z")).rejects.toMatchObject({
      failure: "not-found",
      store: source.name,
    });
  });
});
