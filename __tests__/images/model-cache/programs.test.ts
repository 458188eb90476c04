/** The programs of charts/model-cache, on a folder as the volume. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { modelFiles } from "../../../scripts/model-publish/files";
import { filesPrefix, manifestKey, writeManifest } from "../../../scripts/model-publish/manifest";
import { makeCertificates } from "../../servers/support/certificates";

const programs = join(__dirname, "../../../charts/model-cache/files");
let folder: string;
const at = (...path: string[]) => join(folder, ...path);
const write = (path: string, content: string) => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "model-cache-"));
  mkdirSync(at("cache"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = async (program: string, args: readonly string[], env: Record<string, string>) =>
  (
    await promisify(execFile)("python3", [join(programs, program), ...args], {
      env: { ...process.env, CACHE: at("cache"), ...env },
    })
  ).stdout;

describe("sync", () => {
  const model = { name: "bert", version: "v1.3.0" };

  /** As `npm run model:publish` leaves it. */
  const publish = async (files: Record<string, string>, { name, version } = model) => {
    for (const [path, content] of Object.entries(files)) write(`source/${version}/${path}`, content);
    for (const [path, content] of Object.entries(files))
      write(`buckets/models/${filesPrefix({ name, version })}${path}`, content);
    const manifest = writeManifest({ name, version }, await modelFiles(at("source", version)));
    write(`buckets/models/${manifestKey({ name, version })}`, manifest.toString());
  };
  const sync = ({ name, version } = model) =>
    run(
      "sync.py",
      [name, version, `s3://models/${filesPrefix({ name, version })}`, `s3://models/${manifestKey({ name, version })}`],
      { BUCKETS: at("buckets"), PYTHONPATH: join(__dirname, "support"), PYTHONDONTWRITEBYTECODE: "1" },
    );
  const cached = (...path: string[]) => at("cache", "bert", "v1.3.0", ...path);

  test("brings the files of the version, and of no other that begins alike", async () => {
    await publish({ "config.json": "{}", "weights/part-1.bin": "weights" });
    await publish({ "other.json": "{}" }, { ...model, version: "v1.3.0-rc.1" });
    await sync();
    expect(readFileSync(cached("weights", "part-1.bin"), "utf8")).toBe("weights");
    expect(readdirSync(cached()).sort()).toEqual(["config.json", "weights"]);
  });

  test("asks the bucket no more once the version is there", async () => {
    await publish({ "config.json": "{}" });
    await sync();
    rmSync(at("buckets"), { recursive: true });
    await expect(sync()).resolves.toMatch(/bert v1\.3\.0 is there/);
  });

  test("begins anew where an earlier try was killed", async () => {
    await publish({ "config.json": "{}" });
    write("cache/.unfinished/bert/v1.3.0/config.json", "{");
    write("cache/.unfinished/bert/v1.3.0/half", "of a file");
    await sync();
    expect(readdirSync(cached())).toEqual(["config.json"]);
    expect(readFileSync(cached("config.json"), "utf8")).toBe("{}");
  });

  test.each([
    ["another content", () => write("buckets/models/models/bert/v1.3.0/config.json", "[]"), /config\.json is another/],
    ["a file less", () => rmSync(at("buckets/models/models/bert/v1.3.0/b.json")), /missing \['b\.json'\]/],
    ["a file more", () => write("buckets/models/models/bert/v1.3.0/c.json", "{}"), /unknown \['c\.json'\]/],
    ["no manifest", () => rmSync(at("buckets/models/manifests"), { recursive: true }), /No model found in manifests/],
  ])("leaves nothing in the place of a version with %s", async (_, spoil, message) => {
    await publish({ "config.json": "{}", "b.json": "{}" });
    spoil();
    await expect(sync()).rejects.toThrow(message);
    expect(existsSync(cached())).toBe(false);
  });

  test("refuses an archive that comes alone, which KServe would unpack before it could be compared", async () => {
    await publish({ "model.zip": "PK" });
    await expect(sync()).rejects.toThrow(/model\.zip is the only file/);
    expect(existsSync(cached())).toBe(false);
  });
});

describe("prune", () => {
  let api: Server;
  let asked: { path?: string; authorization?: string }[];
  let objects: Record<string, unknown[]>;

  beforeEach(async () => {
    asked = [];
    objects = { inferenceservices: [], configmaps: [], pods: [] };
    const { cert, key, ca } = makeCertificates(folder);
    write("account/ca.crt", ca);
    write("account/namespace", "models");
    write("account/token", "token");
    api = createServer({ cert, key }, ({ url = "", headers }, answer) => {
      asked.push({ path: url, authorization: headers.authorization });
      answer.end(JSON.stringify({ items: objects[url.split("/").at(-1) ?? ""] }));
    });
    await new Promise<void>((listening) => api.listen(0, "127.0.0.1", listening));
    for (const version of ["bert/v1.0.0", "bert/v1.1.0", "bert/v1.2.0", "cnn/v1.0.0"]) {
      write(`cache/${version}/config.json`, "{}");
    }
  });
  afterEach(() => api.close());

  const prune = (...wanted: string[]) =>
    run("prune.py", ["models", ...wanted], {
      SERVICE_ACCOUNT: at("account"),
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: String((api.address() as AddressInfo).port),
    });
  const left = () =>
    readdirSync(at("cache"))
      .flatMap((model) => readdirSync(at("cache", model)).map((version) => `${model}/${version}`))
      .sort();

  test("removes what nothing refers to, and what unfinished tries have left", async () => {
    write("cache/.unfinished/bert/v9.0.0/half", "of a file");
    await prune("bert/v1.2.0");
    expect(left()).toEqual(["bert/v1.2.0"]);
  });

  test("keeps what is served, what a rollout may go back to, and what a pod has mounted", async () => {
    const served = (version: string) => ({ predictor: { model: { storageUri: `pvc://models/${version}` } } });
    objects.inferenceservices = [{ spec: served("bert/v1.1.0") }];
    objects.configmaps = [{ data: { "state.json": JSON.stringify({ stable: { spec: served("bert/v1.0.0") } }) } }];
    objects.pods = [
      {
        spec: {
          volumes: [{ name: "source", persistentVolumeClaim: { claimName: "models" } }, { name: "other" }],
          containers: [{ volumeMounts: [{ name: "source", subPath: "cnn/v1.0.0" }] }],
        },
      },
    ];
    await prune("bert/v1.2.0");
    expect(left()).toEqual(["bert/v1.0.0", "bert/v1.1.0", "bert/v1.2.0", "cnn/v1.0.0"]);
  });

  test("keeps nothing for an address that only begins like a version's, or is on another claim", async () => {
    objects.inferenceservices = [{ uri: "pvc://models/bert/v1.1.0-rc.1" }, { uri: "pvc://other/bert/v1.0.0" }];
    await prune("bert/v1.2.0");
    expect(left()).toEqual(["bert/v1.2.0"]);
  });

  test("asks with its token for what is in its own namespace, and removes nothing where it gets no answer", async () => {
    await prune("bert/v1.2.0", "cnn/v1.0.0");
    expect(asked.map(({ path }) => path)).toEqual([
      "/apis/serving.kserve.io/v1beta1/namespaces/models/inferenceservices",
      "/api/v1/namespaces/models/configmaps",
      "/api/v1/namespaces/models/pods",
    ]);
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer token"]));
    objects = {};
    await expect(prune()).rejects.toThrow(/items/);
    expect(left()).toEqual(["bert/v1.2.0", "cnn/v1.0.0"]);
  });
});
