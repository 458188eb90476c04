import { parse } from "yaml";
import { Karpenter, type KarpenterProps } from "../../../constructs/aws/karpenter";
import { karpenterPermissions } from "../../../constructs/aws/karpenter-permissions";
import { DependencyGraph } from "../../support/graph";
import { type Resource, Template } from "../../support/template";

const props: KarpenterProps = {
  name: "moodle-production-1",
  account: "123456789012",
  region: "eu-central-1",
  clusterName: "moodle-production-1",
  clusterEndpoint: "https://cluster.example.org",
  clusterSecurityGroupId: "sg-0123",
  keyArn: "arn:aws:kms:eu-central-1:123456789012:key/one",
  nodes: { capacityType: "on-demand", cpuLimit: 64, memoryLimitGb: 256 },
  dependsOn: [],
};

function synthesize(overrides: Partial<KarpenterProps> = {}): Template {
  return Template.from((stack) => {
    new Karpenter(stack, "karpenter", { ...props, ...overrides });
  });
}

const template = synthesize({ instanceTags: { owner: "learning" } });
const release = (name: string, from = template) => from.only("helm_release", { name });
const values = (name: string, from = template): Resource => parse(release(name, from).values[0]);

describe("releases", () => {
  const graph = new DependencyGraph(template);
  const address = (name: string) => {
    const [id] = Object.entries(template.all("helm_release")).find(([, one]) => one.name === name) ?? [];
    return `helm_release.${id}`;
  };

  test("the controller comes after its custom resources' definitions and its identity", () => {
    const before = graph.reachableFrom(address("karpenter"));
    expect(before).toContain(address("karpenter-crd"));
    expect([...before].filter((one) => one.startsWith("aws_eks_pod_identity_association."))).toHaveLength(1);
  });

  test("the node pools come after the controller and the nodes' access to the cluster", () => {
    const before = graph.reachableFrom(address("karpenter-node-pools"));
    expect(before).toContain(address("karpenter"));
    expect([...before].filter((one) => one.startsWith("aws_eks_access_entry."))).toHaveLength(1);
  });

  test("the definitions belong to one release only", () => {
    expect(release("karpenter").skip_crds).toBe(true);
  });

  test("an uninstall has the two hours that a node may take to drain", () => {
    expect(release("karpenter-node-pools").timeout).toBeGreaterThan(2 * 3600);
  });
});

describe("the controller", () => {
  test("knows its cluster and its queue", () => {
    const { settings } = values("karpenter");
    expect(settings).toMatchObject({ clusterName: "moodle-production-1", clusterEndpoint: props.clusterEndpoint });
    expect(release("karpenter").values[1]).toContain('"interruptionQueue" = aws_sqs_queue.');
  });

  test("works while cluster DNS does not", () => {
    expect(values("karpenter").dnsPolicy).toBe("Default");
  });

  test("survives the loss of a node", () => {
    expect(values("karpenter").replicas).toBe(2);
  });
});

describe("node pools", () => {
  test("have the limits they are given", () => {
    expect(values("karpenter-node-pools").general).toMatchObject({ cpuLimit: 64, memoryLimit: "256Gi" });
  });

  test("buy on demand, or prefer spot", () => {
    const spot = synthesize({ nodes: { ...props.nodes, capacityType: "spot" } });
    expect(values("karpenter-node-pools").general.capacityTypes).toEqual(["on-demand"]);
    expect(values("karpenter-node-pools", spot).general.capacityTypes).toEqual(["spot", "on-demand"]);
  });

  test("run what every image supports, unless told", () => {
    expect(values("karpenter-node-pools").general.architectures).toEqual(["amd64"]);
  });

  test("tag instances as the environment is tagged", () => {
    expect(values("karpenter-node-pools").tags).toEqual({ owner: "learning" });
  });

  test("include GPUs only where asked for", () => {
    const gpu = synthesize({ gpu: { instanceTypes: ["g6.xlarge"], limit: 4, capacityType: "spot" } });
    expect(values("karpenter-node-pools")).not.toHaveProperty("gpu");
    expect(values("karpenter-node-pools", gpu).gpu).toMatchObject({ instanceTypes: ["g6.xlarge"], limit: 4 });
  });
});

describe("nodes", () => {
  test("join as nodes, with no rights in the cluster beyond a node's", () => {
    expect(template.only("aws_eks_access_entry").type).toBe("EC2_LINUX");
  });

  test("take a profile that Karpenter need not make", () => {
    expect(release("karpenter-node-pools").values[1]).toContain('"instanceProfile" = aws_iam_instance_profile.');
  });
});

describe("the interruption queue", () => {
  const { Statement } = JSON.parse(template.only("aws_sqs_queue_policy").policy);

  test("is encrypted", () => {
    expect(template.only("aws_sqs_queue").sqs_managed_sse_enabled).toBe(true);
  });

  test("takes messages from its own rules, over TLS", () => {
    expect(Statement[0].Condition.ArnEquals["aws:SourceArn"]).toHaveLength(5);
    expect(Statement[1]).toMatchObject({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } });
  });

  test("hears of every event that Karpenter knows", () => {
    const types = template
      .resources("aws_cloudwatch_event_rule")
      .flatMap(({ event_pattern }) => JSON.parse(event_pattern)["detail-type"]);
    expect(types.sort()).toEqual([
      "AWS Health Event",
      "EC2 Capacity Reservation Instance Interruption Warning",
      "EC2 Instance Rebalance Recommendation",
      "EC2 Instance State-change Notification",
      "EC2 Spot Instance Interruption Warning",
    ]);
    expect(template.resources("aws_cloudwatch_event_target")).toHaveLength(5);
  });
});

describe("permissions", () => {
  const statements = karpenterPermissions({
    account: "123456789012",
    region: "eu-central-1",
    clusterName: "one",
    nodeRoleArn: "arn:aws:iam::123456789012:role/nodes",
    interruptionQueueArn: "arn:aws:sqs:eu-central-1:123456789012:one",
  });
  const allowing = (action: string) => statements.filter(({ Action }) => [Action].flat().includes(action));

  test("instances are ended only where the cluster owns them", () => {
    expect(allowing("ec2:TerminateInstances").map(({ Condition }) => Condition?.StringEquals)).toEqual([
      { "aws:ResourceTag/kubernetes.io/cluster/one": "owned" },
    ]);
  });

  test("what is started carries the cluster's tags", () => {
    const [statement] = allowing("ec2:CreateLaunchTemplate");
    expect(statement?.Condition?.StringEquals).toEqual({
      "aws:RequestTag/kubernetes.io/cluster/one": "owned",
      "aws:RequestTag/eks:eks-cluster-name": "one",
    });
  });

  test("only the nodes' role is handed on, and only to EC2", () => {
    expect(allowing("iam:PassRole")).toHaveLength(1);
    expect(allowing("iam:PassRole")[0]).toMatchObject({
      Resource: "arn:aws:iam::123456789012:role/nodes",
      Condition: { StringEquals: { "iam:PassedToService": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"] } },
    });
  });

  test("the account's first spot instance is no obstacle, and no other service-linked role can be made", () => {
    expect(allowing("iam:CreateServiceLinkedRole")).toMatchObject([
      {
        Resource: "arn:aws:iam::123456789012:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
        Condition: { StringEquals: { "iam:AWSServiceName": "spot.amazonaws.com" } },
      },
    ]);
  });

  test("nothing but reading is allowed on everything", () => {
    const actions = statements.filter(({ Resource }) => Resource === "*").flatMap(({ Action }) => Action);
    expect(actions.filter((action) => !/:(Describe|Get|List)/.test(String(action)))).toEqual([]);
  });

  test("fit into one inline policy, which may have 10240 characters", () => {
    expect(JSON.stringify(statements).length).toBeLessThan(10_000);
  });
});
