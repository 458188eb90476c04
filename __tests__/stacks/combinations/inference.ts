/** What an environment that serves models has, and what one that serves none has not. */
import { loadEnvironments } from "../../../environments/load";
import { modelBucketName } from "../../../stacks/inference-names";
import { DependencyGraph } from "../../support/graph";
import type { Cloud, Combinations } from "../../support/stacks";
import type { Template } from "../../support/template";

const CHARTS = /^(kserve|keda|inference-services|model-cache)/;

export function inference(cloud: Cloud, all: Combinations): void {
  const named = (pattern: RegExp) => {
    const found = all().filter(({ name }) => pattern.test(name));
    expect(found).not.toEqual([]);
    return found;
  };

  describe("models", () => {
    test("without models there is nothing of theirs", () => {
      for (const { environment } of named(/^staging-.*-disposable$/)) {
        expect([
          ...modelReleases(environment),
          ...releasesOf(environment).filter((name) => name === "cert-manager"),
        ]).toEqual([]);
        expect(environment.addresses().filter((one) => /models|kserve|keda/.test(one))).toEqual([]);
      }
    });

    test("KServe comes with models, and KEDA only where one needs it", () => {
      const served = ["inference-services", "kserve-crd", "kserve-resources", "kserve-runtime-configs"];
      for (const { environment } of named(/-inference$/)) {
        expect(modelReleases(environment)).toEqual(served);
      }
      for (const { environment } of named(/-gpu$/)) {
        expect(modelReleases(environment)).toEqual([...served.slice(0, 1), "keda", ...served.slice(1)]);
      }
    });

    test("KServe waits for cert-manager, for KEDA and for Knative, whose definitions it looks for as it starts", () => {
      for (const [pattern, needed] of [
        [/-inference$/, "cert-manager"],
        [/-gpu$/, "keda"],
        [/-inference-knative$/, "knative"],
      ] as const) {
        for (const { environment } of named(pattern)) {
          const reached = new DependencyGraph(environment).reachableFrom(address(environment, "kserve-resources"));
          expect(reached).toContain(address(environment, needed));
        }
      }
    });

    test("what rolls a model out goes before its ConfigMap and KServe, and is there for no other model", () => {
      for (const { environment } of named(/-inference-knative$/)) {
        const reached = new DependencyGraph(environment).reachableFrom(address(environment, "model-rollout"));
        expect(reached).toContain(address(environment, "inference-services"));
        expect(reached).toContain(address(environment, "kserve-resources"));
      }
      for (const { environment } of named(/-inference$/))
        expect(releasesOf(environment)).not.toContain("model-rollout");
    });

    test("a version is in the cache before its model is told of it, fetched by who may read the bucket alone", () => {
      for (const { environment } of named(/-inference-knative$/)) {
        expect(modelReleases(environment)).toContain("model-cache");
        const reached = new DependencyGraph(environment).reachableFrom(address(environment, "inference-services"));
        expect(reached).toContain(address(environment, "model-cache"));
        const volumes = cloud === "aws" ? "aws_efs_file_system" : "google_filestore_instance";
        expect(Object.keys(environment.all(volumes)).filter((id) => id.startsWith("models-files"))).toHaveLength(1);
        if (cloud === "aws") {
          const policies = Object.entries(environment.all("aws_iam_role_policy"));
          const [policy] = policies.filter(([id]) => id.startsWith("identity-model-cache"));
          expect(JSON.stringify(policy?.[1].policy)).toContain("s3:GetObject");
          expect(JSON.stringify(policy?.[1].policy)).not.toMatch(/s3:(Put|Delete)/);
        } else {
          const roles = Object.entries(environment.all("google_storage_bucket_iam_member"))
            .filter(([id]) => id.startsWith("models_model-cache"))
            .map(([, { role }]) => role);
          expect(roles.sort()).toEqual(["roles/storage.legacyBucketReader", "roles/storage.objectViewer"]);
        }
      }
    });

    test("models go before what makes their nodes", () => {
      for (const { environment } of named(/-gpu$/)) {
        const reached = new DependencyGraph(environment).reachableFrom(address(environment, "inference-services"));
        const [pool] = Object.keys(environment.all("google_container_node_pool")).filter((id) => id.startsWith("gpu"));
        expect(reached).toContain(
          cloud === "aws" ? address(environment, "karpenter-node-pools") : `google_container_node_pool.${pool}`,
        );
      }
    });

    if (cloud === "google") {
      test("nodes with GPUs are in the zones that were named, with all GPUs of their machine type", () => {
        for (const { environment } of named(/-gpu$/)) {
          const pool = environment.only("google_container_node_pool", { name: "gpu" });
          expect(pool.node_locations).toEqual(["europe-west3-a", "europe-west3-b"]);
          expect(pool.node_config.guest_accelerator).toEqual([expect.objectContaining({ count: 2 })]);
        }
      });
    }

    test("cert-manager is one release, whoever asks for certificates", () => {
      for (const { environment } of named(/-inference$/)) {
        expect(releasesOf(environment).filter((name) => name === "cert-manager")).toHaveLength(1);
        expect(address(environment, "cert-manager")).toMatch(/^helm_release\.site_cert-manager_/);
      }
    });

    test("models read their bucket and write nowhere, and the publishing command knows its name", () => {
      for (const { environment, input } of named(/-inference$/)) {
        const [loaded] = loadEnvironments([input]);
        const bucket = loaded && modelBucketName(loaded);
        if (cloud === "aws") {
          environment.only("aws_s3_bucket", { bucket });
          const policies = environment.all("aws_iam_role_policy");
          const [policy] = Object.entries(policies).filter(([id]) => id.startsWith("identity-models"));
          const actions = JSON.stringify(policy?.[1].policy);
          expect(actions).toContain("s3:GetObject");
          expect(actions).not.toMatch(/s3:(Put|Delete)/);
        } else {
          environment.only("google_storage_bucket", { name: bucket });
          const roles = Object.entries(environment.all("google_storage_bucket_iam_member"))
            .filter(([id]) => id.startsWith("models"))
            .map(([, { role }]) => role);
          expect(roles.sort()).toEqual(["roles/storage.legacyBucketReader", "roles/storage.objectViewer"]);
        }
      }
    });
  });
}

const releasesOf = (template: Template) => template.resources("helm_release").map(({ name }) => name as string);
const modelReleases = (template: Template) =>
  releasesOf(template)
    .filter((name) => CHARTS.test(name))
    .sort();
const address = (template: Template, release: string) =>
  `helm_release.${Object.entries(template.all("helm_release")).find(([, { name }]) => name === release)?.[0]}`;
