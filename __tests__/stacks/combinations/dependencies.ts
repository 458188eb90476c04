/** What waits for what, in every environment file of a cloud and in the variants that change it. */
import { DependencyGraph } from "../../support/graph";
import type { Cloud, Combinations } from "../../support/stacks";
import type { Template } from "../../support/template";

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

/** What an address should wait for and does not. */
type Missing = (waiting: (template: Template) => string[], needed: (template: Template) => string[]) => string[];

interface Graphed {
  readonly name: string;
  readonly environment: Template;
  readonly graph: DependencyGraph;
}

const isChosen = /-postgresql-(disposable|protected)$|-(vault|gpu|no-ci|multi-az-cluster|cdn)$/;

export function dependencies(cloud: Cloud, all: Combinations): void {
  let graphs: Graphed[];
  beforeAll(() => {
    graphs = all()
      .filter(({ name }) => isChosen.test(name))
      .map(({ name, environment }) => ({ name, environment, graph: new DependencyGraph(environment) }));
  });

  const missing: Missing = (waiting, needed) =>
    graphs.flatMap(({ name, environment, graph }) => {
      const targets = needed(environment);
      expect(targets).not.toEqual([]);
      expect(waiting(environment)).not.toEqual([]);
      return waiting(environment).flatMap((address) => {
        const reached = graph.reachableFrom(address);
        const rest = targets.filter((target) => target !== address && !reached.has(target));
        return rest.map((target) => `${name}: ${address} does not wait for ${target}`);
      });
    });

  if (cloud === "aws") inEks(missing, () => graphs);
  else inGke(missing);
  inEveryCluster(cloud, missing);
}

function inEks(missing: Missing, graphs: () => readonly Graphed[]): void {
  describe("in an EKS cluster", () => {
    test.each([
      ["the deployer's access", ofTypes("aws_eks_access_policy_association")],
      ["the system nodes", ofTypes("aws_eks_node_group")],
      ["the network add-ons", addons("vpc-cni", "eks-pod-identity-agent", "kube-proxy")],
      ["name resolution", addons("coredns")],
    ])("everything waits for %s", (_, needed) => {
      expect(missing(inCluster, needed)).toEqual([]);
    });

    test("nodes wait for the network add-ons, without which they never become ready", () => {
      expect(missing(ofTypes("aws_eks_node_group"), addons("vpc-cni", "eks-pod-identity-agent"))).toEqual([]);
    });

    test("name resolution and volumes wait for nodes", () => {
      const waiting = addons("coredns", "aws-ebs-csi-driver", "aws-efs-csi-driver");
      expect(missing(waiting, ofTypes("aws_eks_node_group"))).toEqual([]);
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
      expect(missing(releases(...waiting), releases(...needed))).toEqual([]);
    });

    test("the site's name leads to CloudFront once the load balancer behind it listens", () => {
      const [found] = graphs().filter(({ name }) => name.endsWith("-cdn"));
      if (found === undefined) throw new Error("there is no example with CloudFront");
      const addresses = ofTypes("aws_route53_record")(found.environment).filter((one) => one.includes("edge_record"));
      expect(addresses).toHaveLength(2);
      for (const address of addresses)
        expect([...found.graph.reachableFrom(address)]).toEqual(
          expect.arrayContaining(
            ofTypes("aws_cloudfront_distribution", "aws_lb_listener", "aws_lb_listener_rule")(found.environment),
          ),
        );
    });

    test("Moodle waits for the shared volume's mount targets", () => {
      expect(missing(releases("moodle"), ofTypes("aws_efs_mount_target"))).toEqual([]);
    });
  });
}

function inGke(missing: Missing): void {
  describe("in a GKE cluster", () => {
    test("everything waits for the system nodes", () => {
      const systemPool = (template: Template) =>
        ofTypes("google_container_node_pool")(template).filter((address) => !address.includes(".gpu_"));
      expect(missing(inCluster, systemPool)).toEqual([]);
    });

    test("everything waits for the way out of the network, without which no image is pulled", () => {
      expect(missing(inCluster, ofTypes("google_compute_router_nat"))).toEqual([]);
    });

    test("backups and Moodle wait for what they may do with the buckets", () => {
      const grants = (isBackups: boolean) => (template: Template) =>
        ofTypes("google_storage_bucket_iam_member")(template).filter(
          (one) => !one.includes(".models_") && one.includes("_backup") === isBackups,
        );
      expect(missing(releases("backup"), grants(true))).toEqual([]);
      expect(missing(releases("moodle"), grants(false))).toEqual([]);
    });

    test("Moodle waits for the gateway that its route attaches to", () => {
      expect(missing(releases("moodle"), releases("gateway"))).toEqual([]);
    });
  });
}

function inEveryCluster(cloud: Cloud, missing: Missing): void {
  describe("in every cluster", () => {
    test.each<[string, string[], string[]]>([
      ["secret stores wait for the definitions of External Secrets", ["secret-stores"], ["external-secrets"]],
      [
        "Moodle waits for its secret stores and for the roles of its database",
        ["moodle"],
        ["secret-stores", "database-roles"],
      ],
      ["backups wait for their secrets and for the role that reads", ["backup"], ["secret-stores", "database-roles"]],
    ])("%s", (_, waiting, needed) => {
      expect(missing(releases(...waiting), releases(...needed))).toEqual([]);
    });

    test("every release of the site waits for its namespace", () => {
      const siteNamespace = (template: Template) =>
        Object.entries(template.all("kubernetes_namespace_v1"))
          .filter(([, { metadata }]) => metadata.name === "moodle")
          .map(([id]) => `kubernetes_namespace_v1.${id}`);
      expect(missing(releases("moodle", "backup", "database-roles"), siteNamespace)).toEqual([]);
    });

    test("the database's roles wait for the database", () => {
      const databases = cloud === "aws" ? ["aws_db_instance", "aws_rds_cluster"] : ["google_sql_database_instance"];
      expect(missing(releases("database-roles"), ofTypes(...databases))).toEqual([]);
    });
  });
}
