/** What waits for what, in every environment file on each cloud and in the variants that change it. */
import { DependencyGraph } from "../support/graph";
import { type SynthesizedCombination, synthesizeCombinations } from "../support/stacks";
import type { Template } from "../support/template";

let all: (SynthesizedCombination & { graph: DependencyGraph })[];
beforeAll(async () => {
  const isChosen = /-postgresql-(disposable|protected)$|-(vault|gpu|no-ci|multi-az-cluster)$/;
  const chosen = await synthesizeCombinations(({ name }) => isChosen.test(name));
  all = chosen.map((one) => ({ ...one, graph: new DependencyGraph(one.environment) }));
}, 60_000);

/** What an address of an environment on `cloud` should wait for and does not. */
function missing(
  cloud: "aws" | "google",
  waiting: (template: Template) => string[],
  needed: (template: Template) => string[],
): string[] {
  return all
    .filter(({ input }) => input.cloud === cloud)
    .flatMap(({ name, environment, graph }) => {
      const targets = needed(environment);
      expect(targets).not.toEqual([]);
      expect(waiting(environment)).not.toEqual([]);
      return waiting(environment).flatMap((address) => {
        const reached = graph.reachableFrom(address);
        const rest = targets.filter((target) => target !== address && !reached.has(target));
        return rest.map((target) => `${name}: ${address} does not wait for ${target}`);
      });
    });
}

const ofTypes =
  (...types: string[]) =>
  (template: Template) =>
    template.addresses().filter((address) => types.includes(address.split(".")[0] ?? ""));

const inCluster = (template: Template) => template.addresses().filter((one) => /^(helm|kubernetes)_/.test(one));

const releases =
  (...names: string[]) =>
  (template: Template) =>
    Object.entries(template.all("helm_release"))
      .filter(([, { name }]) => names.includes(name))
      .map(([id]) => `helm_release.${id}`);

const addons =
  (...names: string[]) =>
  (template: Template) =>
    Object.entries(template.all("aws_eks_addon"))
      .filter(([, { addon_name }]) => names.includes(addon_name))
      .map(([id]) => `aws_eks_addon.${id}`);

describe("in an EKS cluster", () => {
  test.each([
    ["the deployer's access", ofTypes("aws_eks_access_policy_association")],
    ["the system nodes", ofTypes("aws_eks_node_group")],
    ["the network add-ons", addons("vpc-cni", "eks-pod-identity-agent", "kube-proxy")],
    ["name resolution", addons("coredns")],
  ])("everything waits for %s", (_, needed) => {
    expect(missing("aws", inCluster, needed)).toEqual([]);
  });

  test("nodes wait for the network add-ons, without which they never become ready", () => {
    expect(missing("aws", ofTypes("aws_eks_node_group"), addons("vpc-cni", "eks-pod-identity-agent"))).toEqual([]);
  });

  test("name resolution and volumes wait for nodes", () => {
    const waiting = addons("coredns", "aws-ebs-csi-driver", "aws-efs-csi-driver");
    expect(missing("aws", waiting, ofTypes("aws_eks_node_group"))).toEqual([]);
  });

  test.each<[string, string[], string[]]>([
    ["the controller waits for its definitions", ["karpenter"], ["karpenter-crd"]],
    ["node pools wait for Karpenter", ["karpenter-node-pools"], ["karpenter"]],
    ["Moodle's target group binding waits for its controller", ["moodle"], ["aws-load-balancer-controller"]],
    [
      "what needs nodes waits for their pools, so that destroy drains first",
      ["moodle", "database-roles"],
      ["karpenter-node-pools"],
    ],
  ])("%s", (_, waiting, needed) => {
    expect(missing("aws", releases(...waiting), releases(...needed))).toEqual([]);
  });

  test("Moodle waits for the shared volume's mount targets", () => {
    expect(missing("aws", releases("moodle"), ofTypes("aws_efs_mount_target"))).toEqual([]);
  });
});

describe("in a GKE cluster", () => {
  test("everything waits for the system nodes", () => {
    const systemPool = (template: Template) =>
      ofTypes("google_container_node_pool")(template).filter((address) => !address.includes(".gpu_"));
    expect(missing("google", inCluster, systemPool)).toEqual([]);
  });

  test("everything waits for the way out of the network, without which no image is pulled", () => {
    expect(missing("google", inCluster, ofTypes("google_compute_router_nat"))).toEqual([]);
  });

  test("backups and Moodle wait for what they may do with the buckets", () => {
    const grants = (isBackups: boolean) => (template: Template) =>
      ofTypes("google_storage_bucket_iam_member")(template).filter((one) => one.includes("_backup") === isBackups);
    expect(missing("google", releases("backup"), grants(true))).toEqual([]);
    expect(missing("google", releases("moodle"), grants(false))).toEqual([]);
  });

  test("Moodle waits for the gateway that its route attaches to", () => {
    expect(missing("google", releases("moodle"), releases("gateway"))).toEqual([]);
  });
});

describe.each(["aws", "google"] as const)("on %s", (cloud) => {
  test.each<[string, string[], string[]]>([
    ["secret stores wait for the definitions of External Secrets", ["secret-stores"], ["external-secrets"]],
    [
      "Moodle waits for its secret stores and for the roles of its database",
      ["moodle"],
      ["secret-stores", "database-roles"],
    ],
    ["backups wait for their secrets and for the role that reads", ["backup"], ["secret-stores", "database-roles"]],
  ])("%s", (_, waiting, needed) => {
    expect(missing(cloud, releases(...waiting), releases(...needed))).toEqual([]);
  });

  test("every release of the site waits for its namespace", () => {
    const siteNamespace = (template: Template) =>
      Object.entries(template.all("kubernetes_namespace_v1"))
        .filter(([, { metadata }]) => metadata.name === "moodle")
        .map(([id]) => `kubernetes_namespace_v1.${id}`);
    expect(missing(cloud, releases("moodle", "backup", "database-roles"), siteNamespace)).toEqual([]);
  });

  test("the database's roles wait for the database", () => {
    const databases = cloud === "aws" ? ["aws_db_instance", "aws_rds_cluster"] : ["google_sql_database_instance"];
    expect(missing(cloud, releases("database-roles"), ofTypes(...databases))).toEqual([]);
  });
});
