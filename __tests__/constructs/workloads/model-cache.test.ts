import { TerraformResource } from "cdktf";
import type { InferenceModel } from "../../../constructs/workloads/inference-model";
import { ModelCache } from "../../../constructs/workloads/model-cache";
import { filesPrefix, manifestKey } from "../../../scripts/model-publish/manifest";
import { valuesOf } from "../../e2e/support/releases";
import { cluster, efs, s3 } from "../../support/ports";
import { Template } from "../../support/template";

const bert: InferenceModel = { name: "bert", version: "v1.3.0", framework: "huggingface", pull: "warm-cache" };
const grades: InferenceModel = { name: "grades", version: "v1.0.0", framework: "sklearn" };

const template = Template.from((scope) => {
  const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
  new ModelCache(scope, "cache", {
    name: "moodle-staging-1-models",
    cluster: { ...cluster, ready: [resource("cluster")] },
    identity: { namespace: "models", serviceAccountName: "model-cache", ready: [resource("identity")] },
    store: { ...s3, bucketName: "moodle-staging-1-models", keyPrefix: "shared/", ready: [resource("bucket")] },
    files: { ...efs, ready: [resource("files")] },
    models: [bert, grades],
    dependsOn: [resource("kserve")],
  });
});
const release = template.only("helm_release");
const values = valuesOf(release.values);

test("fetches what the publishing command has put in the bucket, for models that ask for it alone", () => {
  const bucket = "s3://moodle-staging-1-models/shared/";
  expect(values.versions).toEqual([
    { model: "bert", version: "v1.3.0", files: bucket + filesPrefix(bert), manifest: bucket + manifestKey(bert) },
  ]);
});

test("many pods mount the volume, and it is the claim's alone", () => {
  const [spec] = template.only("kubernetes_persistent_volume_v1").spec;
  expect(spec.access_modes).toEqual(["ReadWriteMany"]);
  expect(spec.storage_class_name).toBe(values.volume.storageClassName);
  expect(spec.persistent_volume_source.csi).toMatchObject({ volume_handle: efs.volumeHandle });
  expect(values).toMatchObject({ claimName: "models", volume: { name: "moodle-staging-1-models" } });
});

test("comes after all that it stands on", () => {
  expect(release.depends_on).toEqual([
    expect.stringMatching(/^kubernetes_persistent_volume_v1\./),
    "kind.cluster",
    "kind.identity",
    "kind.bucket",
    "kind.kserve",
  ]);
});

test("Helm waits longer than the Job of a version may take", () => {
  expect(release.timeout).toBeGreaterThan(values.timeoutSeconds);
});
