import { Vpc, type VpcProps } from "../../../constructs/aws/vpc";
import { ConfigurationError } from "../../../constructs/core/errors";
import { Template } from "../../support/template";

const props: VpcProps = {
  name: "moodle-staging-1",
  account: "123456789012",
  region: "eu-central-1",
  cidr: "10.20.0.0/16",
  zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
  natGateways: "per-zone",
  clusterName: "moodle-staging-1",
  keyArn: "arn:aws:kms:eu-central-1:123456789012:key/one",
};

function synthesize(overrides: Partial<VpcProps> = {}): Template {
  return Template.from((stack) => {
    new Vpc(stack, "vpc", { ...props, ...overrides });
  });
}

const template = synthesize();
const inTier = (tier: string) =>
  template.resources("aws_subnet").filter(({ tags }) => tags.Name.startsWith(`moodle-staging-1-${tier}-`));

describe("subnets", () => {
  test("are in four tiers over all zones", () => {
    const zones = (tier: string) => inTier(tier).map(({ availability_zone }) => availability_zone);
    expect(["public", "private", "database", "intra"].map(zones)).toEqual(Array(4).fill(props.zones));
  });

  test("give no machine a public address by themselves", () => {
    expect(template.resources("aws_subnet").filter((subnet) => subnet.map_public_ip_on_launch === true)).toEqual([]);
  });

  test("public ones are for load balancers that face the internet", () => {
    expect(inTier("public").map(({ tags }) => tags["kubernetes.io/role/elb"])).toEqual(["1", "1", "1"]);
  });

  test("Karpenter finds the private ones and no other", () => {
    const found = template
      .resources("aws_subnet")
      .filter(({ tags }) => tags["karpenter.sh/discovery"] === "moodle-staging-1");
    expect(found).toEqual(inTier("private"));
  });
});

describe("ways out", () => {
  const routes = () =>
    Object.entries(template.all("aws_route")).map(([id, route]) => [
      id.replace(/_[0-9A-F]{8}$/, ""),
      route.gateway_id ?? route.nat_gateway_id,
    ]);

  test("only public and private subnets have one, the private by the NAT gateway of their zone", () => {
    const gateway = (zone: string) => expect.stringMatching(`aws_nat_gateway.vpc_nat-${zone}_`);
    expect(Object.fromEntries(routes())).toEqual({
      "vpc_public-internet": expect.stringContaining("aws_internet_gateway."),
      ...Object.fromEntries(props.zones.map((zone) => [`vpc_private-${zone}-internet`, gateway(zone)])),
    });
  });

  test("a single NAT gateway serves every zone", () => {
    const single = synthesize({ natGateways: "single" });
    expect(single.resources("aws_nat_gateway")).toHaveLength(1);
    expect(single.resources("aws_route").filter((route) => route.nat_gateway_id !== undefined)).toHaveLength(3);
  });

  test("every subnet is bound to a route table of its tier", () => {
    expect(template.resources("aws_route_table_association")).toHaveLength(12);
  });
});

describe("nothing works by accident", () => {
  test("the default security group admits nothing", () => {
    const group = template.only("aws_default_security_group");
    expect([group.ingress, group.egress]).toEqual([undefined, undefined]);
  });

  test("the main route table leads nowhere", () => {
    expect(template.only("aws_default_route_table").route).toEqual([]);
  });
});

describe("endpoints", () => {
  const services = (type: string) =>
    template
      .resources("aws_vpc_endpoint")
      .filter((endpoint) => endpoint.vpc_endpoint_type === type)
      .map(({ service_name }) => service_name.replace("com.amazonaws.eu-central-1.", ""))
      .sort();

  test("S3 and DynamoDB by the private route tables", () => {
    expect(services("Gateway")).toEqual(["dynamodb", "s3"]);
    const { route_table_ids } = template.only("aws_vpc_endpoint", { service_name: "com.amazonaws.eu-central-1.s3" });
    expect(route_table_ids).toHaveLength(3);
  });

  test("what nodes and pods call all the time has an interface under its public name", () => {
    expect(services("Interface")).toEqual(["ecr.api", "ecr.dkr", "eks-auth", "logs", "secretsmanager", "sts"]);
    const interfaces = template.resources("aws_vpc_endpoint").filter((one) => one.vpc_endpoint_type === "Interface");
    expect(interfaces.every((endpoint) => endpoint.private_dns_enabled === true)).toBe(true);
  });

  test("admit HTTPS from the VPC alone", () => {
    expect(template.only("aws_vpc_security_group_ingress_rule")).toMatchObject({
      cidr_ipv4: "10.20.0.0/16",
      from_port: 443,
      to_port: 443,
    });
  });
});

describe("flow logs", () => {
  test("hold accepted and rejected traffic, encrypted, for 90 days", () => {
    expect(template.only("aws_flow_log")).toMatchObject({ traffic_type: "ALL" });
    expect(template.only("aws_cloudwatch_log_group")).toMatchObject({
      retention_in_days: 90,
      kms_key_id: props.keyArn,
    });
  });

  test("may write to their own log group only", () => {
    const { Statement } = JSON.parse(template.only("aws_iam_role_policy").policy);
    expect(Statement[0].Resource).toMatch(/^\$\{aws_cloudwatch_log_group\..+\.arn\}:\*$/);
  });
});

test.each<[string, Partial<VpcProps>, string]>([
  ["a range too small for pods", { cidr: "10.20.0.0/22" }, "test/vpc.cidr"],
  ["one zone", { zones: ["eu-central-1a"] }, "test/vpc.zones"],
  ["a zone twice", { zones: ["eu-central-1a", "eu-central-1a"] }, "test/vpc.zones"],
])("refuses %s", (_, overrides, path) => {
  expect(() => synthesize(overrides)).toThrow(ConfigurationError);
  expect(() => synthesize(overrides)).toThrow(path);
});
