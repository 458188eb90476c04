/** The cache of models on a cluster: its volume, its Jobs, and what they may read. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import type { InferenceModel } from "../../constructs/workloads/inference-model";
import { InferenceServices } from "../../constructs/workloads/inference-services";
import { ModelCache } from "../../constructs/workloads/model-cache";
import { cluster, efs, s3 } from "../support/ports";
import { apply } from "./support/apply";
import { install, planned, render } from "./support/charts";
import { chartFolder, createNamespace, describeOnTestbed, get, kubectl, refusePods } from "./support/testbed";

const namespace = "model-cache";
const bert: InferenceModel = { name: "bert", version: "v1.3.0", framework: "huggingface", pull: "warm-cache" };
const cnn: InferenceModel = { name: "cnn", version: "v2.0.0-rc.1", framework: "triton", pull: "warm-cache" };

const release = (...models: InferenceModel[]) =>
  planned("model-cache", (scope) => {
    new ModelCache(scope, "cache", {
      name: "model-cache-e2e",
      cluster,
      identity: { namespace, serviceAccountName: "model-cache", ready: [] },
      store: s3,
      files: efs,
      models,
      dependsOn: [],
    });
  });
const services = (...models: InferenceModel[]) =>
  planned("inference-services", (scope) => {
    new InferenceServices(scope, "models", {
      cluster,
      identity: { namespace, serviceAccountName: "models", ready: [] },
      store: s3,
      models,
      cacheClaimName: "models",
      dependsOn: [],
    });
  });

/** As the construct makes it, on a driver that nobody needs to have. */
const volume = {
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name: "model-cache-e2e" },
  spec: {
    accessModes: ["ReadWriteMany"],
    capacity: { storage: `${efs.capacityGb}Gi` },
    persistentVolumeReclaimPolicy: "Retain",
    storageClassName: "model-cache-e2e",
    csi: { driver: efs.csiDriver, volumeHandle: "model-cache-e2e" },
  },
};

describeOnTestbed("model-cache", () => {
  beforeAll(async () => {
    await createNamespace(namespace);
    await apply(JSON.stringify(volume));
  });

  test("has no field that Kubernetes lacks", async () => {
    const manifests = await render(release(bert, cnn));
    await expect(apply(manifests, namespace)).resolves.not.toHaveLength(0);
    await kubectl(["delete", "--namespace", namespace, "--filename=-"], { input: manifests });
    // A volume that was another claim's is bound to none.
    await kubectl(["delete", "persistentvolume", volume.metadata.name]);
    await apply(JSON.stringify(volume));
  });

  test("the release fails where a version cannot be fetched, so that nothing after it is changed", async () => {
    await refusePods(namespace);
    await expect(install(release(bert), "20s")).rejects.toThrow(/post-install/);
  });

  test("once mended, it ends when the Job of every version has, and the claim has its volume", async () => {
    await kubectl(["delete", "resourcequota", "none", "--namespace", namespace]);
    await install(release(bert, cnn), "2m");
    const claim = await get(["persistentvolumeclaim", "models"], namespace);
    expect(claim.status.phase).toBe("Bound");
    expect(claim.spec.volumeName).toBe(volume.metadata.name);
    expect(claim.spec.resources.requests.storage).toBe("1Gi"); // whatever the size of the volume, which may grow
    const { items } = await get(["jobs"], namespace);
    expect(items).toEqual([]);
  });

  test("a model is served from it with no field that KServe lacks", async () => {
    await apply(await render(services(bert)), namespace);
    const { spec } = await get(["inferenceservice", "bert"], namespace);
    expect(spec.predictor.model.storageUri).toBe("pvc://models/bert/v1.3.0");
  });

  describe("what is removed", () => {
    let folder: string;
    const write = (path: string, content: string) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    };
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "model-cache-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    test("is what the API server, asked with the Job's own rights, knows no use for", async () => {
      const config = parse(await kubectl(["config", "view", "--raw", "--minify"]));
      const { server, ...authority } = config.clusters[0].cluster;
      write("account/ca.crt", readFileSync(authority["certificate-authority"], "utf8"));
      write("account/namespace", namespace);
      write("account/token", (await kubectl(["create", "token", "model-cache", "--namespace", namespace])).trim());
      for (const version of ["bert/v1.2.0", "bert/v1.3.0", "bert/v1.4.0"]) write(`cache/${version}/config.json`, "{}");
      const { hostname, port } = new URL(server);
      // Served is v1.3.0, wanted v1.4.0.
      await promisify(execFile)(
        "python3",
        [join(chartFolder("model-cache"), "files/prune.py"), "models", "bert/v1.4.0"],
        {
          env: {
            ...process.env,
            CACHE: join(folder, "cache"),
            SERVICE_ACCOUNT: join(folder, "account"),
            KUBERNETES_SERVICE_HOST: hostname,
            KUBERNETES_SERVICE_PORT: port,
          },
        },
      );
      const exists = (version: string) => existsSync(join(folder, "cache", version));
      expect(["bert/v1.2.0", "bert/v1.3.0", "bert/v1.4.0"].map(exists)).toEqual([false, true, true]);
    });
  });
});
