/**
 * How charts/model-cache fetches a version, by KServe's own library, from object stores over HTTP. It needs
 * `kserve-storage` of the version of `UPSTREAM_IMAGES.storageInitializer`, whose image the Job runs.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { UPSTREAM_IMAGES } from "../../constructs/versions";
import { filesPrefix, manifestKey } from "../../scripts/model-publish/manifest";
import { publishModel } from "../../scripts/model-publish/publish";
import type { ObjectStore } from "../../services/backup/src/stores/store";
import { GcsServer } from "./support/gcs-server";
import { REGION, S3Server } from "./support/s3-server";

const wanted = UPSTREAM_IMAGES.storageInitializer.tag.replace(/^v/, "");

/** Why the tests cannot run, or undefined. */
function missing(): string | undefined {
  try {
    const program = "from importlib.metadata import version; import kserve_storage; print(version('kserve-storage'))";
    const found = execFileSync("python3", ["-c", program], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return found.trim() === wanted ? undefined : `kserve-storage is ${found.trim()}, not ${wanted}`;
  } catch {
    return `kserve-storage ${wanted} is not installed`;
  }
}

const reason = missing();
if (reason !== undefined) console.warn(`tests of the models' cache are skipped: ${reason}`);
const describeEach = reason === undefined ? describe.each : describe.skip.each;

describeEach([
  ["s3", S3Server, (endpoint: string) => ({ AWS_ENDPOINT_URL: endpoint, AWS_DEFAULT_REGION: REGION })],
  ["gs", GcsServer, (endpoint: string) => ({ STORAGE_EMULATOR_HOST: endpoint })],
] as const)("from %s://", (scheme, Server, environment) => {
  let server: S3Server | GcsServer;
  let store: ObjectStore;
  let folder: string;
  const model = { name: "bert", version: "v1.3.0" };
  const cached = (...path: string[]) => join(folder, "cache", "bert", "v1.3.0", ...path);

  beforeAll(async () => {
    server = await Server.start();
    await server.makeBucket("models");
    store = server.store("models");
  });
  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "model-cache-"));
    for (const name of ["cache", "model", "model/weights", "other"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "model", "config.json"), "{}");
    // Larger than one part of a download.
    writeFileSync(join(folder, "model", "weights", "part-1.bin"), Buffer.alloc(20 * 1024 * 1024, "weights"));
    writeFileSync(join(folder, "other", "other.json"), "{}");
    await publishModel({ store, folder: join(folder, "model"), ...model });
    await publishModel({ store, folder: join(folder, "other"), name: "bert", version: "v1.3.0-rc.1" });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const sync = async () => {
    const address = (key: string) => `${scheme}://models/${key}`;
    const program = join(__dirname, "../../charts/model-cache/files/sync.py");
    const { stdout } = await promisify(execFile)(
      "python3",
      [program, model.name, model.version, address(filesPrefix(model)), address(manifestKey(model))],
      { env: { ...process.env, ...environment(server.endpoint), CACHE: join(folder, "cache") } },
    );
    return stdout;
  };

  test("brings the files of the version as they were published, and of no other that begins alike", async () => {
    expect(await sync()).toContain("bert v1.3.0: 2 files");
    expect(readdirSync(cached(), { recursive: true }).sort()).toEqual(["config.json", "weights", "weights/part-1.bin"]);
    for (const file of ["config.json", "weights/part-1.bin"])
      expect(readFileSync(cached(file)).equals(readFileSync(join(folder, "model", file)))).toBe(true);
    expect(await sync()).toContain("is there");
  });

  test("leaves nothing in the place of a version whose file is another by now", async () => {
    await store.put(`${filesPrefix(model)}config.json`, Buffer.from("[]"));
    try {
      await expect(sync()).rejects.toThrow(/config\.json is another/);
      expect(readdirSync(join(folder, "cache"))).toEqual([".unfinished"]);
    } finally {
      await store.put(`${filesPrefix(model)}config.json`, Buffer.from("{}"));
    }
  });
});
