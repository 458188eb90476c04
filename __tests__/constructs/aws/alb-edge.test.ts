import { AlbEdge, type AlbEdgeProps } from "../../../constructs/aws/alb-edge";
import { LoadBalancerControllerIdentity } from "../../../constructs/aws/load-balancer-controller-identity";
import { type Resource, Template } from "../../support/template";
import { albEdgeProps as props } from "./support/alb-edge-props";

function synthesize(overrides: Partial<AlbEdgeProps> = {}): Template {
  return Template.from((stack) => {
    new AlbEdge(stack, "edge", { ...props, ...overrides });
  });
}

let edge: AlbEdge;
const template = Template.from((stack) => {
  edge = new AlbEdge(stack, "edge", props);
});
const loadBalancer = template.only("aws_lb");

describe("the load balancer", () => {
  test("refuses malformed headers and passes the host on", () => {
    expect(loadBalancer).toMatchObject({ drop_invalid_header_fields: true, preserve_host_header: true });
  });

  test("waits for what Moodle does with an upload", () => {
    expect(loadBalancer.idle_timeout).toBe(300);
  });

  test("is known to zonal shift", () => {
    expect(loadBalancer.enable_zonal_shift).toBe(true);
  });

  test.each([
    ["protected", true],
    ["disposable", false],
  ] as const)("where %s, its deletion is prevented: %s", (protection, prevented) => {
    const given = synthesize({ protection });
    expect(given.only("aws_lb")).toMatchObject({
      enable_deletion_protection: prevented,
      lifecycle: { prevent_destroy: prevented },
    });
    expect(given.only("aws_s3_bucket")).toMatchObject({
      force_destroy: !prevented,
      lifecycle: { prevent_destroy: prevented },
    });
  });

  test.each(["m".repeat(29), "internal-moodle", "-moodle", "moodle_1"])("refuses the name %s", (name) => {
    expect(() => synthesize({ name })).toThrow(/test\/edge\.name/);
  });
});

describe("access logs", () => {
  const { Statement } = JSON.parse(template.only("aws_s3_bucket_policy").policy);

  test("are on, and their bucket admits the account's load balancers before the first is made", () => {
    expect(loadBalancer.access_logs.enabled).toBe(true);
    expect(loadBalancer.depends_on).toEqual([expect.stringMatching(/^aws_s3_bucket_policy\./)]);
    expect(Statement[0]).toMatchObject({
      Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: expect.stringMatching(/\/AWSLogs\/123456789012\/\*$/),
      Condition: {
        ArnLike: { "aws:SourceArn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/*" },
      },
    });
  });

  test("are private, encrypted, versioned, and gone after 90 days", () => {
    expect(template.only("aws_s3_bucket_public_access_block")).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
    const [encryption] = template.only("aws_s3_bucket_server_side_encryption_configuration").rule;
    expect(encryption.apply_server_side_encryption_by_default.sse_algorithm).toBe("AES256");
    expect(template.only("aws_s3_bucket_versioning").versioning_configuration.status).toBe("Enabled");
    expect(template.only("aws_s3_bucket_lifecycle_configuration").rule[0].expiration).toEqual([{ days: 90 }]);
  });

  test("travel over TLS only", () => {
    expect(Statement[1]).toMatchObject({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } });
  });
});

describe("listeners", () => {
  test("plain HTTP is sent on to HTTPS", () => {
    expect(template.only("aws_lb_listener", { port: 80 }).default_action).toEqual([
      { type: "redirect", redirect: { protocol: "HTTPS", port: "443", status_code: "HTTP_301" } },
    ]);
  });

  const https = template.only("aws_lb_listener", { port: 443 });

  test("HTTPS speaks TLS 1.3, or 1.2 with forward secrecy, and says that it is here to stay", () => {
    expect(https.ssl_policy).toBe("ELBSecurityPolicy-TLS13-1-2-Res-2021-06");
    expect(https.routing_http_response_strict_transport_security_header_value).toMatch(/^max-age=\d{8}/);
  });

  test("only the site's own host name is answered", () => {
    expect(https.default_action).toEqual([
      { type: "fixed-response", fixed_response: { content_type: "text/plain", status_code: "404" } },
    ]);
    const rule = template.only("aws_lb_listener_rule");
    expect(rule.condition).toEqual([{ host_header: { values: ["moodle.example.edu"] } }]);
    expect(rule.action[0].target_group_arn).toMatch(/aws_lb_target_group\./);
  });

  test("wait until the certificate is issued", () => {
    expect(https.certificate_arn).toMatch(/^\$\{aws_acm_certificate_validation\./);
  });
});

describe("the target group", () => {
  const group = template.only("aws_lb_target_group");

  test("holds pods by address, and stays when those of another port take their place", () => {
    // Source: `ForceNew` in the provider's internal/service/elbv2/target_group.go.
    const forced = {
      name: "moodle-production-1-web",
      target_type: "ip",
      port: 8080,
      protocol: "HTTP",
      vpc_id: "vpc-one",
    };
    expect(group).toMatchObject(forced);
    expect(synthesize({ servicePort: 8000 }).only("aws_lb_target_group")).toMatchObject(forced);
  });

  test("asks each pod whether it can answer", () => {
    expect(group.health_check).toMatchObject({ path: "/health", matcher: "200" });
  });

  test("has a name as short as Elastic Load Balancing takes", () => {
    const longest = synthesize({ name: "moodle-abcdefghijklmnop-99" }).only("aws_lb_target_group").name;
    expect(longest).toMatch(/^[0-9A-Za-z][0-9A-Za-z-]{0,30}[0-9A-Za-z]$/);
  });

  test("is the route that the site's chart renders, with where requests come from", () => {
    expect(edge.route).toMatchObject({ kind: "target-group", proxyCidrs: props.publicSubnetCidrs });
  });
});

describe("who may connect", () => {
  const rules = template.resources("aws_vpc_security_group_ingress_rule");

  test("the networks that are named, on ports 80 and 443", () => {
    const fromUsers = rules.filter(({ cidr_ipv4 }) => cidr_ipv4 !== undefined);
    expect(fromUsers.map(({ cidr_ipv4, from_port }) => `${cidr_ipv4} ${from_port}`).sort()).toEqual([
      "192.0.2.0/24 443",
      "192.0.2.0/24 80",
      "198.51.100.0/24 443",
      "198.51.100.0/24 80",
    ]);
  });

  test("the load balancer to pods, on their port and nowhere else", () => {
    const toPods = rules.filter(({ security_group_id }) => security_group_id === "sg-cluster");
    expect(toPods).toEqual([
      expect.objectContaining({ referenced_security_group_id: expect.any(String), from_port: 8080, to_port: 8080 }),
    ]);
    expect(template.only("aws_vpc_security_group_egress_rule")).toMatchObject({
      referenced_security_group_id: "sg-cluster",
      from_port: 8080,
      to_port: 8080,
    });
  });
});

describe("DNS and certificate", () => {
  test("the domain is an alias of the load balancer", () => {
    const record = template.only("aws_route53_record", { name: "moodle.example.edu" });
    expect(record).toMatchObject({ type: "A", zone_id: "Z0123456789ABC" });
    expect(record.alias.name).toMatch(/aws_lb\..+\.dns_name/);
  });

  test("the certificate is renewed by a record in the zone, and replaced before it goes", () => {
    expect(template.only("aws_acm_certificate")).toMatchObject({
      domain_name: "moodle.example.edu",
      validation_method: "DNS",
      lifecycle: { create_before_destroy: true },
    });
  });
});

describe("the firewall", () => {
  const acl = template.only("aws_wafv2_web_acl");
  const groups: Record<string, Resource> = Object.fromEntries(
    acl.rule.map(({ statement }: Resource) => [
      statement.managed_rule_group_statement.name,
      statement.managed_rule_group_statement,
    ]),
  );

  test("stands before the load balancer where asked for", () => {
    expect(template.only("aws_wafv2_web_acl_association").resource_arn).toMatch(/^\$\{aws_lb\./);
    expect(synthesize({ waf: false }).types()).not.toContain("aws_wafv2_web_acl");
  });

  test("lets one address ask for the login so often, where that is limited", () => {
    const [limit] = synthesize({ loginRequestsPerMinute: 600 })
      .only("aws_wafv2_web_acl")
      .rule.filter(({ name }: Resource) => name === "LoginLimit");
    expect(limit.action.block.custom_response).toEqual({ response_code: 429 });
    expect(limit.statement.rate_based_statement).toMatchObject({
      aggregate_key_type: "IP",
      evaluation_window_sec: 60,
      limit: 600,
      scope_down_statement: { byte_match_statement: { search_string: "/login/", field_to_match: { uri_path: {} } } },
    });
    const { text_transformation } = limit.statement.rate_based_statement.scope_down_statement.byte_match_statement;
    expect(Object.fromEntries(text_transformation.map(({ priority, type }: Resource) => [priority, type]))).toEqual({
      0: "URL_DECODE",
      1: "NORMALIZE_PATH",
    });
    expect(acl.rule.map(({ priority }: Resource) => priority)).not.toContain(limit.priority);
    expect(acl.rule.map(({ name }: Resource) => name)).not.toContain("LoginLimit");
  });

  test("has the managed rules for PHP sites", () => {
    expect(Object.keys(groups).sort()).toEqual([
      "AWSManagedRulesAmazonIpReputationList",
      "AWSManagedRulesCommonRuleSet",
      "AWSManagedRulesKnownBadInputsRuleSet",
      "AWSManagedRulesPHPRuleSet",
      "AWSManagedRulesSQLiRuleSet",
    ]);
  });

  const counted = Object.values(groups).flatMap(({ rule_action_override: rules }) =>
    rules.map(({ name }: Resource) => name),
  );

  test("does not block uploads, nor what teachers and students write", () => {
    expect(counted.filter((name) => name.endsWith("_BODY")).sort()).toEqual([
      "CrossSiteScripting_BODY",
      "EC2MetaDataSSRF_BODY",
      "GenericLFI_BODY",
      "GenericRFI_BODY",
      "JavaDeserializationRCE_BODY",
      "Log4JRCE_BODY",
      "PHPHighRiskMethodsVariables_BODY",
      "SQLiExtendedPatterns_BODY",
      "SQLi_BODY",
      "SizeRestrictions_BODY",
    ]);
  });

  test("does not block files of courses by their names", () => {
    expect(counted).toEqual(
      expect.arrayContaining([
        "RestrictedExtensions_URIPATH",
        "RestrictedExtensions_QUERYARGUMENTS",
        "SizeRestrictions_URIPATH",
      ]),
    );
  });

  test("gives every rule a priority of its own", () => {
    const priorities = acl.rule.map(({ priority }: Resource) => priority);
    expect(new Set(priorities).size).toBe(priorities.length);
  });
});

describe("the identity of the load balancer controller", () => {
  const identity = Template.from((stack) => {
    new LoadBalancerControllerIdentity(stack, "identity", {
      name: "moodle-abcdefghijklmnop-99",
      account: "123456789012",
      region: "eu-central-1",
      clusterName: "moodle-production-1",
      targetGroupArns: ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/site/1"],
    });
  });
  const { Statement } = JSON.parse(identity.only("aws_iam_role_policy").policy);

  test("registers in the given target groups only", () => {
    expect(Statement[0]).toMatchObject({
      Action: ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"],
      Resource: ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/site/1"],
    });
  });

  test("may otherwise only look", () => {
    expect(Statement.slice(1).flatMap(({ Action }: Resource) => Action)).toEqual([
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeVpcs",
    ]);
  });
});
