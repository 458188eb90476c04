import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { HelmProvider } from "@cdktf/provider-helm/lib/provider";
import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider";
import { App, LocalBackend, TerraformStack } from "cdktf";
import { pinProviders } from "../../constructs/core/providers";
import type { ClusterAccess } from "../../constructs/ports";
import { CHARTS } from "../../constructs/versions";
import type { IngressEdge } from "../../constructs/workloads/ingress";
import { loadEnvironments } from "../../environments/load";
import type { EnvironmentInput } from "../../environments/schema";
import { staging as awsStaging } from "../../examples/aws/staging";
import { staging as googleStaging } from "../../examples/google/staging";
import { Site } from "../../stacks/site";
import { SITE_ACCOUNTS, siteSecrets } from "../../stacks/site-names";
import * as ports from "../support/ports";
import { describeOnTerraform, terraform } from "./support/terraform";
import { get } from "./support/testbed";

/** One after the other: both are in the namespace of the site. */
describeOnTerraform("the half of an environment that is in the cluster", () => {
  let folder: string;
  let mirror: string;

  /** No upstream controller can work where pods only seem to run, so the mirror has empty charts of their names. */
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "moodle-platform-site-"));
    mirror = join(folder, "charts");
    for (const { name, version } of [CHARTS.externalSecrets, CHARTS.awsLoadBalancerController]) {
      mkdirSync(join(mirror, name), { recursive: true });
      writeFileSync(join(mirror, name, "Chart.yaml"), `apiVersion: v2\nname: ${name}\nversion: ${version}\n`);
    }
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  describe.each<[string, EnvironmentInput, IngressEdge]>([
    ["AWS", awsStaging, ports.albEdge],
    ["Google Cloud", googleStaging, ports.gatewayEdge],
  ])("on %s", (cloud, input, edge) => {
    const outdir = () => join(folder, cloud.replaceAll(" ", "-"));
    const run = (...args: string[]) => terraform(join(outdir(), "stacks/site"), [...args, "-input=false", "-no-color"]);

    beforeAll(async () => {
      // Relative, as an environment file would have it: the plan runs in another folder.
      const chartRegistry = relative(process.cwd(), mirror);
      const [environment] = loadEnvironments([{ ...input, protection: "disposable", chartRegistry }]);
      if (environment === undefined) throw new Error("no environment");
      const app = new App({ outdir: outdir(), stackTraces: false });
      const stack = new TerraformStack(app, "site");
      new LocalBackend(stack, { path: "terraform.tfstate" });
      pinProviders(stack, ["kubernetes", "helm"]);
      const configPath = process.env.KUBECONFIG ?? "";
      new KubernetesProvider(stack, "kubernetes", { configPath });
      new HelmProvider(stack, "helm", { kubernetes: { configPath } });
      const cluster: ClusterAccess = ports.cluster;
      const account = (use: keyof typeof SITE_ACCOUNTS) => ({ ...SITE_ACCOUNTS[use], ready: [] });
      const secrets = siteSecrets(environment);
      new Site(stack, "site", {
        environment,
        cluster,
        nodesReady: [],
        podCidrs: ["10.20.0.0/16"],
        identities: {
          web: account("web"),
          backupSnapshot: account("backupSnapshot"),
          backupVerify: account("backupVerify"),
          backupPrune: account("backupPrune"),
          backupRestore: account("backupRestore"),
          databaseRoles: account("databaseRoles"),
          externalSecrets: account("externalSecrets"),
        },
        database: { ...ports.database("postgresql"), secrets: secrets.database },
        redis: { sessions: ports.redis("sessions"), cache: ports.redis("cache") },
        objectStore: ports.s3,
        snapshotSource: { kind: "rds", identifier: "moodle-staging-1-db", region: "eu-central-1" },
        backupStore: { ...ports.s3, bucketName: "moodle-staging-1-backups" },
        files: ports.efs,
        secrets,
        edge,
      });
      app.synth();
      await run("init");
    });

    test("the first deploy from nothing works in one go", async () => {
      await run("apply", "-auto-approve");
      const { items } = await get(["deployments,jobs,cronjobs,secretstores.external-secrets.io"], "moodle");
      const kinds = new Set(items.map(({ kind }: { kind: string }) => kind));
      expect(kinds).toEqual(new Set(["Deployment", "Job", "CronJob", "SecretStore"]));
    });

    test("the second has nothing to do", async () => {
      expect(await run("plan", "-detailed-exitcode")).toContain("No changes");
    });

    test("destroyed and deployed again, it works", async () => {
      await run("destroy", "-auto-approve");
      await expect(get(["namespace", "moodle"])).rejects.toThrow(/not found/);
      await run("apply", "-auto-approve");
      await run("destroy", "-auto-approve");
    });
  });
});
