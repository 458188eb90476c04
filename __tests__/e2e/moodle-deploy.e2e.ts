import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HelmProvider } from "@cdktf/provider-helm/lib/provider";
import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider";
import { App, LocalBackend, TerraformStack } from "cdktf";
import { pinProviders } from "../../constructs/core/providers";
import type { NodePlacement } from "../../constructs/ports";
import { MoodleWeb } from "../../constructs/workloads/moodle-web";
import { PlatformNamespace } from "../../constructs/workloads/platform-namespace";
import * as ports from "../support/ports";
import { describeOnTerraform, terraform } from "./support/terraform";
import { get } from "./support/testbed";

describeOnTerraform("MoodleWeb, deployed", () => {
  const namespace = "deployed";
  const folder = mkdtempSync(join(tmpdir(), "moodle-platform-deploy-"));
  const stackFolder = join(folder, "stacks/site");

  /** The in-cluster half of an environment, into the folder that holds its state. */
  function synthesize(placement: NodePlacement | undefined, timeout: number): void {
    const app = new App({ outdir: folder, stackTraces: false });
    const stack = new TerraformStack(app, "site");
    new LocalBackend(stack, { path: "terraform.tfstate" });
    pinProviders(stack, ["kubernetes", "helm"]);
    const configPath = process.env.KUBECONFIG ?? "";
    new KubernetesProvider(stack, "kubernetes", { configPath });
    new HelmProvider(stack, "helm", { kubernetes: { configPath } });
    const { namespaceName, ready } = new PlatformNamespace(stack, "namespace", {
      name: namespace,
      protection: "disposable",
      dependsOn: [],
    });
    new MoodleWeb(stack, "moodle", {
      name: namespace,
      ...ports.site(namespaceName),
      placement,
      protection: "disposable",
      timeout,
      dependsOn: ready,
    });
    app.synth();
  }

  const deploy = () => terraform(stackFolder, ["apply", "-auto-approve", "-input=false", "-no-color"]);
  const destroy = () => terraform(stackFolder, ["destroy", "-auto-approve", "-input=false", "-no-color"]);
  const plan = () => terraform(stackFolder, ["plan", "-detailed-exitcode", "-input=false", "-no-color"]);
  const readyWebPods = async () => (await get(["deployment", "moodle-web"], namespace)).status.readyReplicas;

  afterAll(() => rmSync(folder, { recursive: true }));

  test("a first deploy that finds no node fails", async () => {
    synthesize({ nodeSelector: { "example.edu/nowhere": "true" }, tolerations: [] }, 10);
    await terraform(stackFolder, ["init", "-input=false", "-no-color"]);
    await expect(deploy()).rejects.toThrow(/moodle/);
  });

  test("mended, the second succeeds", async () => {
    synthesize(undefined, 120);
    await deploy();
    expect(await readyWebPods()).toBeGreaterThan(0);
  });

  test("the third has nothing to do", async () => {
    await expect(plan()).resolves.toContain("No changes");
  });

  test("destroyed and deployed again, it works", async () => {
    await destroy();
    await expect(get(["namespace", namespace])).rejects.toThrow(/not found/);
    await deploy();
    expect(await readyWebPods()).toBeGreaterThan(0);
    await destroy();
  });
});
