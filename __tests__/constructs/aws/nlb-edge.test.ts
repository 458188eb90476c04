import { AlbEdge } from "../../../constructs/aws/alb-edge";
import { NlbEdge, type NlbEdgeProps } from "../../../constructs/aws/nlb-edge";
import { INGRESS_CONTROLLER_PODS } from "../../../constructs/workloads/ingress-controller";
import { Template } from "../../support/template";
import { albEdgeProps } from "./support/alb-edge-props";

function synthesize(overrides: Partial<NlbEdgeProps> = {}): Template {
  return Template.from((stack) => {
    new NlbEdge(stack, "edge", {
      name: "moodle-production-1",
      domain: "moodle.example.edu",
      hostedZoneId: "Z0123456789ABC",
      vpcId: "vpc-one",
      publicSubnetIds: ["subnet-public-a", "subnet-public-b"],
      clusterSecurityGroupId: "sg-cluster",
      allowedCidrs: ["192.0.2.0/24"],
      httpPort: 8000,
      httpsPort: 8443,
      healthPort: 8080,
      healthPath: "/ping",
      ...overrides,
    });
  });
}

const template = synthesize();

test("passes connections on, and ends no TLS", () => {
  expect(template.resources("aws_lb_listener").map(({ port, protocol }) => [port, protocol])).toEqual([
    [80, "TCP"],
    [443, "TCP"],
  ]);
  expect(template.types()).not.toContain("aws_acm_certificate");
});

test.each([
  ["http", 80],
  ["https", 443],
])("pods of the controller take %s, whatever their port, with the visitor's address", (protocol, port) => {
  expect(template.only("aws_lb_target_group", { name: `moodle-production-1-${protocol}` })).toMatchObject({
    target_type: "ip",
    port,
    preserve_client_ip: "true",
    health_check: { port: "8080", path: "/ping", protocol: "HTTP" },
  });
});

test("target groups stay when another controller takes the place of the first", () => {
  // Source: `ForceNew` in the provider's internal/service/elbv2/target_group.go.
  const kept = Object.values(INGRESS_CONTROLLER_PODS).map((pods) =>
    synthesize(pods)
      .resources("aws_lb_target_group")
      .map(({ name, port, protocol, target_type, vpc_id }) => ({ name, port, protocol, target_type, vpc_id })),
  );
  for (const one of kept) expect(one).toEqual(kept[0]);
});

test("takes the place of an Application Load Balancer that nothing protects any more", () => {
  const alb = Template.from((stack) => {
    new AlbEdge(stack, "edge", { ...albEdgeProps, healthCheckPort: 8081 });
  }).addresses();
  const toPods = /aws_vpc_security_group_\w+\.edge_(\w|-)*(to-pods|pods-from-load-balancer)/;
  const shared = template.addresses().filter((address) => alb.includes(address));
  expect(shared.filter((address) => address.startsWith("aws_lb.") || toPods.test(address))).toEqual([]);
});

test("pods admit the load balancer on these ports and that of their health alone", () => {
  const rules = template.resources("aws_vpc_security_group_ingress_rule");
  const toPods = rules.filter(({ security_group_id }) => security_group_id === "sg-cluster");
  expect(toPods.map(({ from_port, to_port }) => [from_port, to_port])).toEqual([
    [8080, 8080],
    [8000, 8000],
    [8443, 8443],
  ]);
});

test("only the named networks may connect", () => {
  const rules = template.resources("aws_vpc_security_group_ingress_rule");
  const fromUsers = rules.filter(({ cidr_ipv4 }) => cidr_ipv4 !== undefined);
  expect(fromUsers.map(({ cidr_ipv4, from_port }) => [cidr_ipv4, from_port])).toEqual([
    ["192.0.2.0/24", 80],
    ["192.0.2.0/24", 443],
  ]);
});

test("the site's name is that of the load balancer", () => {
  expect(template.only("aws_route53_record")).toMatchObject({ name: "moodle.example.edu", type: "A" });
});

test.each([
  ["protected", true],
  ["disposable", false],
] as const)("where %s, its deletion is prevented: %s", (protection, prevented) => {
  expect(synthesize({ protection }).only("aws_lb")).toMatchObject({
    enable_deletion_protection: prevented,
    lifecycle: { prevent_destroy: prevented },
  });
});

test.each(["m".repeat(27), "internal-moodle", "-moodle", "moodle_1"])("refuses the name %s", (name) => {
  expect(() => synthesize({ name })).toThrow(/test\/edge\.name/);
});
