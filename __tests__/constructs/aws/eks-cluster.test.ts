import { EksCluster, type EksClusterProps } from "../../../constructs/aws/eks-cluster";
import { isGraviton } from "../../../constructs/aws/system-nodes";
import { ConfigurationError } from "../../../constructs/core/errors";
import { DependencyGraph } from "../../support/graph";
import { Template } from "../../support/template";

const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`;

const props: EksClusterProps = {
  name: "moodle-production-1",
  account: "123456789012",
  region: "eu-central-1",
  kubernetesVersion: "1.35",
  subnetIds: ["subnet-private-a", "subnet-private-b"],
  intraSubnetIds: ["subnet-intra-a", "subnet-intra-b"],
  serviceIpv4Cidr: "172.20.0.0/16",
  deployerArn: role("deployer"),
  keyArn: "arn:aws:kms:eu-central-1:123456789012:key/one",
  systemNodes: { instanceType: "m7g.large", count: 2 },
  dependsOn: [],
};

function synthesize(overrides: Partial<EksClusterProps> = {}): Template {
  return Template.from((stack) => {
    new EksCluster(stack, "cluster", { ...props, ...overrides });
  });
}

let cluster: EksCluster;
const template = Template.from((stack) => {
  cluster = new EksCluster(stack, "cluster", {
    ...props,
    administrators: [role("teams/platform"), role("deployer")],
    addonVersions: { coredns: "v1.12.4-eksbuild.1" },
    instanceTags: { owner: "learning" },
  });
});
const controlPlane = template.only("aws_eks_cluster");
const addon = (name: string) => template.only("aws_eks_addon", { addon_name: name });

describe("the control plane", () => {
  test("answers inside the VPC only", () => {
    expect(controlPlane.vpc_config).toEqual({
      endpoint_private_access: true,
      endpoint_public_access: false,
      subnet_ids: props.intraSubnetIds,
    });
  });

  test("answers named networks too where some are given", () => {
    const { vpc_config } = synthesize({ publicAccessCidrs: ["203.0.113.0/24"] }).only("aws_eks_cluster");
    expect(vpc_config).toMatchObject({
      endpoint_private_access: true,
      endpoint_public_access: true,
      public_access_cidrs: ["203.0.113.0/24"],
    });
  });

  test("encrypts secrets with the environment's key", () => {
    expect(controlPlane.encryption_config).toEqual({ provider: { key_arn: props.keyArn }, resources: ["secrets"] });
  });

  test("writes all its logs, encrypted, to a log group that expires", () => {
    expect(controlPlane.enabled_cluster_log_types).toHaveLength(5);
    expect(template.only("aws_cloudwatch_log_group")).toMatchObject({
      name: "/aws/eks/moodle-production-1/cluster",
      retention_in_days: 90,
      kms_key_id: props.keyArn,
    });
  });

  test("cannot make its log group anew after Terraform has removed it", () => {
    const policies = template.resources("aws_iam_role_policy").map(({ policy }) => JSON.parse(policy).Statement);
    expect(policies.flat()).toContainEqual({ Effect: "Deny", Action: "logs:CreateLogGroup", Resource: "*" });
  });

  test("stays in standard support and takes part in zonal shift", () => {
    expect(controlPlane).toMatchObject({
      upgrade_policy: { support_type: "STANDARD" },
      zonal_shift_config: { enabled: true },
    });
  });

  test.each([
    ["protected", true],
    ["disposable", false],
  ] as const)("where %s, its deletion is prevented: %s", (protection, prevented) => {
    expect(synthesize({ protection }).only("aws_eks_cluster")).toMatchObject({
      deletion_protection: prevented,
      lifecycle: { prevent_destroy: prevented },
    });
  });
});

describe("access", () => {
  test("comes from access entries alone, not from having made the cluster", () => {
    expect(controlPlane.access_config).toEqual({
      authentication_mode: "API",
      bootstrap_cluster_creator_admin_permissions: false,
    });
  });

  test("goes to the deployer and each administrator once", () => {
    const principals = template.resources("aws_eks_access_policy_association").map((one) => one.principal_arn);
    expect(principals.sort()).toEqual([role("deployer"), role("teams/platform")]);
  });

  test("is by a credential plugin that asks for this cluster", () => {
    expect(cluster.access.exec).toEqual({
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "aws",
      args: ["eks", "get-token", "--cluster-name", "moodle-production-1", "--region", "eu-central-1"],
    });
  });

  test("lets pods reach the Pod Identity agent", () => {
    expect(cluster.access.identityEndpoints).toEqual([{ cidr: "169.254.170.23/32", port: 80 }]);
  });
});

describe("add-ons", () => {
  test("are all there", () => {
    expect(
      template
        .resources("aws_eks_addon")
        .map(({ addon_name }) => addon_name)
        .sort(),
    ).toEqual([
      "aws-ebs-csi-driver",
      "aws-efs-csi-driver",
      "coredns",
      "eks-node-monitoring-agent",
      "eks-pod-identity-agent",
      "kube-proxy",
      "metrics-server",
      "snapshot-controller",
      "vpc-cni",
    ]);
    expect(controlPlane.bootstrap_self_managed_addons).toBe(false);
  });

  test("the VPC CNI enforces network policies", () => {
    expect(JSON.parse(addon("vpc-cni").configuration_values)).toEqual({ enableNetworkPolicy: "true" });
  });

  test("have the version that is asked for", () => {
    expect([addon("coredns").addon_version, addon("vpc-cni").addon_version]).toEqual(["v1.12.4-eksbuild.1", undefined]);
  });

  test.each([
    ["vpc-cni", "aws-node", "AmazonEKS_CNI_Policy"],
    ["aws-ebs-csi-driver", "ebs-csi-controller-sa", "AmazonEBSCSIDriverPolicyV2"],
    ["aws-efs-csi-driver", "efs-csi-controller-sa", "service-role/AmazonEFSCSIDriverPolicy"],
  ])("%s has a role of its own", (name, serviceAccount, policy) => {
    expect(addon(name).pod_identity_association).toEqual([
      { role_arn: expect.stringContaining("aws_iam_role."), service_account: serviceAccount },
    ]);
    template.only("aws_iam_role_policy_attachment", {
      policy_arn: `arn:aws:iam::aws:policy/${policy}`,
      role: `\${${addon(name).pod_identity_association[0].role_arn.slice(2, -5)}.name}`,
    });
  });

  test.each(["metrics-server", "snapshot-controller"])("%s may run on the system nodes", (name) => {
    const { tolerations } = JSON.parse(addon(name).configuration_values);
    expect(tolerations).toEqual([{ key: "CriticalAddonsOnly", operator: "Exists" }]);
  });
});

describe("system nodes", () => {
  const nodeGroup = template.only("aws_eks_node_group");
  const launchTemplate = template.only("aws_launch_template");

  test("keep their credentials out of the pods' reach", () => {
    expect(launchTemplate.metadata_options).toMatchObject({ http_tokens: "required", http_put_response_hop_limit: 1 });
  });

  test("have encrypted volumes", () => {
    const volumes = launchTemplate.block_device_mappings.map((device: { ebs: object }) => device.ebs);
    expect(volumes).toEqual(
      [4, 50].map((volume_size) =>
        expect.objectContaining({ encrypted: "true", kms_key_id: props.keyArn, volume_type: "gp3", volume_size }),
      ),
    );
  });

  test("repel what does not belong to the cluster itself", () => {
    expect(nodeGroup.taint).toEqual([{ key: "CriticalAddonsOnly", value: "true", effect: "NO_SCHEDULE" }]);
  });

  test("are where the placement that programs get says", () => {
    expect(cluster.access.systemNodes?.nodeSelector).toEqual(nodeGroup.labels);
    expect(cluster.access.systemNodes?.tolerations).toEqual([{ key: nodeGroup.taint[0].key, operator: "Exists" }]);
  });

  test("are repaired, and replaced one by one", () => {
    expect(nodeGroup).toMatchObject({ node_repair_config: { enabled: true }, update_config: { max_unavailable: 1 } });
  });

  test("keep the release of their operating system that they were brought by hand", () => {
    expect(nodeGroup.release_version).toBeUndefined();
  });

  test("carry the environment's tags", () => {
    for (const { tags } of launchTemplate.tag_specifications) expect(tags).toMatchObject({ owner: "learning" });
  });

  test.each([
    ["m7g.large", "BOTTLEROCKET_ARM_64"],
    ["m7i-flex.large", "BOTTLEROCKET_x86_64"],
  ])("%s runs %s", (instanceType, image) => {
    const given = synthesize({ systemNodes: { instanceType, count: 2 } });
    expect(given.only("aws_eks_node_group").ami_type).toBe(image);
  });

  test("may have a name as long as EKS takes with Terraform's suffix of 26 characters", () => {
    const longest = synthesize({ name: "moodle-abcdefghijklmnop-99" }).only("aws_eks_node_group");
    expect(longest.node_group_name_prefix.length).toBeLessThanOrEqual(63 - 26);
  });
});

describe("order", () => {
  const graph = new DependencyGraph(template);
  const address = (type: string, part: string) => {
    const found = template.addresses().find((one) => one.startsWith(`${type}.`) && one.includes(part));
    if (found === undefined) throw new Error(`no ${type} ${part}`);
    return found;
  };
  const nodes = () => address("aws_eks_node_group", "");

  test.each(["vpc-cni", "kube-proxy", "eks-pod-identity-agent"])("nodes come after %s", (name) => {
    expect(graph.reachableFrom(nodes())).toContain(address("aws_eks_addon", name));
  });

  test.each(["coredns", "aws-ebs-csi-driver", "metrics-server"])("%s comes after the nodes", (name) => {
    expect(graph.reachableFrom(address("aws_eks_addon", name))).toContain(nodes());
  });

  test("the log group outlives the cluster", () => {
    expect(graph.reachableFrom(address("aws_eks_cluster", ""))).toContain(address("aws_cloudwatch_log_group", ""));
  });
});

test.each([
  ["m7g.large", true],
  ["t4g.small", true],
  ["c7gn.xlarge", true],
  ["im4gn.large", true],
  ["r8gd.2xlarge", true],
  ["m7i.large", false],
  ["g6.xlarge", false],
  ["g4dn.xlarge", false],
  ["m7a.large", false],
  ["p5en.48xlarge", false],
])("%s is Graviton: %s", (instanceType, graviton) => {
  expect(isGraviton(instanceType)).toBe(graviton);
});

test.each<[string, Partial<EksClusterProps>, string]>([
  ["an API server open to everybody", { publicAccessCidrs: ["0.0.0.0/0"] }, "publicAccessCidrs"],
  ["a single system node", { systemNodes: { instanceType: "m7g.large", count: 1 } }, "systemNodes.count"],
])("refuses %s", (_, overrides, path) => {
  expect(() => synthesize(overrides)).toThrow(ConfigurationError);
  expect(() => synthesize(overrides)).toThrow(`test/cluster.${path}`);
});
