import { AlbEdge, type AlbEdgeProps } from "../../../constructs/aws/alb-edge";
import { type Resource, Template } from "../../support/template";
import { albEdgeProps } from "./support/alb-edge-props";

const props: AlbEdgeProps = {
  ...albEdgeProps,
  // As long as a name may be.
  name: "moodle-abcdefghijklmnop-99xy",
  allowedCidrs: ["0.0.0.0/0"],
  loginRequestsPerMinute: 600,
  cdn: { subnetIds: ["subnet-intra-a", "subnet-intra-b"], subnetCidrs: ["10.20.192.0/21", "10.20.200.0/21"] },
};
const campus = ["198.51.100.0/24", "203.0.113.0/24"];

let edge: AlbEdge;
const synthesize = (overrides: Partial<AlbEdgeProps> = {}) =>
  Template.from((stack) => {
    edge = new AlbEdge(stack, "edge", { ...props, ...overrides });
  });
const template = synthesize();
const distribution = template.only("aws_cloudfront_distribution");
const loadBalancer = template.only("aws_lb");
const records = (of: Template) => of.resources("aws_route53_record").filter(({ alias }) => alias !== undefined);

describe("nothing but CloudFront reaches the load balancer", () => {
  test("it is internal, in subnets without a way to the internet, and believed by the pods from there alone", () => {
    expect(loadBalancer).toMatchObject({ internal: true, subnets: props.cdn?.subnetIds });
    expect(edge.route.proxyCidrs).toEqual(props.cdn?.subnetCidrs);
  });

  test("its security group admits CloudFront's own addresses, by HTTPS, and nobody else", () => {
    const intoLoadBalancer = template
      .resources("aws_vpc_security_group_ingress_rule")
      .filter(({ security_group_id }) => security_group_id !== "sg-cluster");
    expect(intoLoadBalancer).toEqual([
      expect.objectContaining({ prefix_list_id: expect.stringMatching(/^\$\{data\./), from_port: 443, to_port: 443 }),
    ]);
    const { aws_ec2_managed_prefix_list } = template.json.data as Record<string, Record<string, Resource>>;
    expect(Object.values(aws_ec2_managed_prefix_list ?? {})).toEqual([
      expect.objectContaining({ name: "com.amazonaws.global.cloudfront.origin-facing" }),
    ]);
  });

  test("it listens for HTTPS alone, and CloudFront speaks nothing else to it", () => {
    expect(template.only("aws_lb_listener").port).toBe(443);
    expect(template.only("aws_cloudfront_vpc_origin").vpc_origin_endpoint_config).toEqual([
      expect.objectContaining({
        arn: expect.stringMatching(/^\$\{aws_lb\./),
        https_port: 443,
        origin_protocol_policy: "https-only",
        origin_ssl_protocols: [{ items: ["TLSv1.2"], quantity: 1 }],
      }),
    ]);
    expect(distribution.origin).toEqual([
      expect.objectContaining({
        vpc_origin_config: expect.objectContaining({
          vpc_origin_id: expect.stringMatching(/^\$\{aws_cloudfront_vpc_origin\./),
        }),
      }),
    ]);
    expect(distribution.origin[0]).not.toHaveProperty("custom_origin_config");
  });

  test("the visitor's address stays the last that CloudFront wrote", () => {
    expect(loadBalancer.xff_header_processing_mode).toBe("preserve");
    expect(synthesize({ cdn: undefined }).only("aws_lb")).not.toHaveProperty("xff_header_processing_mode");
  });

  test("it is not the one that the internet reaches, which Terraform would refuse to replace", () => {
    const without = synthesize({ cdn: undefined });
    expect(Object.keys(template.all("aws_lb"))).not.toEqual(Object.keys(without.all("aws_lb")));
    expect(loadBalancer.name).not.toBe(without.only("aws_lb").name);
  });
});

describe("what CloudFront keeps", () => {
  const policy = template.only("aws_cloudfront_cache_policy");
  const behaviors: Resource[] = distribution.ordered_cache_behavior;

  test("is what Moodle gives to everybody by a revision in the URL", () => {
    expect(behaviors.map(({ path_pattern }) => path_pattern)).toEqual(
      expect.arrayContaining(["/theme/styles.php*", "/theme/image.php*", "/lib/requirejs.php*"]),
    );
    for (const { path_pattern, ...behavior } of behaviors) {
      expect(path_pattern).toMatch(/^\/(theme|lib|media)\/[a-z_/]+\.php\*$/);
      expect(behavior).toMatchObject({
        allowed_methods: ["GET", "HEAD"],
        cache_policy_id: expect.stringMatching(/^\$\{aws_cloudfront_cache_policy\./),
        compress: true,
      });
      // A policy of its own for requests could pass cookies on.
      expect(behavior).not.toHaveProperty("origin_request_policy_id");
    }
  });

  test("is asked for without cookies and credentials, by host, path and query string", () => {
    expect(policy.parameters_in_cache_key_and_forwarded_to_origin).toEqual({
      cookies_config: { cookie_behavior: "none" },
      headers_config: { header_behavior: "whitelist", headers: { items: ["Host"] } },
      query_strings_config: { query_string_behavior: "all" },
      enable_accept_encoding_brotli: true,
      enable_accept_encoding_gzip: true,
    });
  });

  test("is kept as long as Moodle says, and not where it says nothing", () => {
    expect(policy).toMatchObject({ min_ttl: 0, default_ttl: 0 });
    expect(policy.max_ttl).toBeGreaterThanOrEqual(90 * 24 * 60 * 60);
  });

  test("is nothing else: every other request is passed on as it came", () => {
    expect(distribution.default_cache_behavior).toMatchObject({
      // Managed-CachingDisabled and Managed-AllViewer.
      cache_policy_id: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
      origin_request_policy_id: "216adef6-5c7f-47e4-b989-5492eafa07d3",
    });
    expect(distribution.default_cache_behavior.allowed_methods).toHaveLength(7);
  });

  test("is no error, which may have the name of whoever is logged in", () => {
    const errors: Resource[] = distribution.custom_error_response;
    // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html: those that are kept
    expect(errors.map(({ error_code }) => error_code)).toEqual(
      expect.arrayContaining([400, 403, 404, 405, 414, 500, 501, 502, 503, 504]),
    );
    expect(errors.every(({ error_caching_min_ttl }) => error_caching_min_ttl === 0)).toBe(true);
  });
});

describe("the distribution", () => {
  test("answers for the domain, over TLS 1.2 and newer, by HTTP/2 and HTTP/3", () => {
    expect(distribution).toMatchObject({ aliases: ["moodle.example.edu"], http_version: "http2and3" });
    expect(distribution.viewer_certificate).toMatchObject({
      minimum_protocol_version: "TLSv1.2_2021",
      ssl_support_method: "sni-only",
    });
    for (const behavior of [distribution.default_cache_behavior, ...distribution.ordered_cache_behavior])
      expect(behavior.viewer_protocol_policy).toBe("redirect-to-https");
  });

  test("has a certificate of its own in us-east-1, which the load balancer's record proves", () => {
    const [own, ...others] = template
      .resources("aws_acm_certificate_validation")
      .filter(({ region }) => region === "us-east-1");
    expect(others).toEqual([]);
    expect(template.resources("aws_acm_certificate").map(({ region }) => region)).toEqual(
      expect.arrayContaining([undefined, "us-east-1"]),
    );
    const proofs = template.resources("aws_route53_record").filter(({ allow_overwrite }) => allow_overwrite);
    expect(proofs).toHaveLength(1);
    expect(own?.validation_record_fqdns).toEqual([expect.stringMatching(/certificate_validation-record_/)]);
  });

  test("waits as long as it may for what Moodle does", () => {
    expect(distribution.origin[0].vpc_origin_config.origin_read_timeout).toBe(120);
  });

  test("is there before anybody is sent to it, and after the load balancer listens", () => {
    expect(distribution.depends_on).toEqual([
      expect.stringMatching(/^aws_lb_listener\./),
      expect.stringMatching(/^aws_lb_listener_rule\./),
    ]);
    for (const { alias } of records(template))
      expect(alias).toEqual({
        name: expect.stringMatching(/^\$\{aws_cloudfront_distribution\..+\.domain_name\}$/),
        zone_id: expect.stringMatching(/^\$\{aws_cloudfront_distribution\..+\.hosted_zone_id\}$/),
        evaluate_target_health: false,
      });
  });

  test.each([
    ["protected", true],
    ["disposable", false],
  ] as const)("where %s, its deletion is prevented: %s", (protection, prevented) => {
    expect(synthesize({ protection }).only("aws_cloudfront_distribution").lifecycle).toEqual({
      prevent_destroy: prevented,
    });
  });

  test("has names as AWS takes them", () => {
    expect(loadBalancer.name).toMatch(/^[0-9A-Za-z][0-9A-Za-z-]{0,30}[0-9A-Za-z]$/);
    for (const type of ["aws_cloudwatch_log_delivery_source", "aws_cloudwatch_log_delivery_destination"])
      expect(template.only(type).name).toMatch(/^[\w-]{1,60}$/);
    expect(template.only("aws_cloudfront_cache_policy").name).toMatch(/^[\w-]{1,128}$/);
    expect(distribution.comment.length).toBeLessThanOrEqual(128);
  });
});

describe("access logs", () => {
  const delivery = template.only("aws_cloudwatch_log_delivery");

  test("go from us-east-1 to the load balancer's bucket, which admits this one source", () => {
    for (const type of [
      "aws_cloudwatch_log_delivery",
      "aws_cloudwatch_log_delivery_source",
      "aws_cloudwatch_log_delivery_destination",
    ])
      expect(template.only(type).region).toBe("us-east-1");
    const { name, resource_arn, log_type } = template.only("aws_cloudwatch_log_delivery_source");
    expect({ log_type, resource_arn }).toEqual({
      log_type: "ACCESS_LOGS",
      resource_arn: expect.stringMatching(/^\$\{aws_cloudfront_distribution\./),
    });
    const { Statement } = JSON.parse(template.only("aws_s3_bucket_policy").policy);
    expect(Statement).toContainEqual(
      expect.objectContaining({
        Principal: { Service: "delivery.logs.amazonaws.com" },
        Action: "s3:PutObject",
        Condition: expect.objectContaining({
          ArnEquals: { "aws:SourceArn": `arn:aws:logs:us-east-1:123456789012:delivery-source:${name}` },
        }),
      }),
    );
    expect(delivery.depends_on).toEqual([expect.stringMatching(/^aws_s3_bucket_policy\./)]);
  });

  test("hold neither cookies nor query strings nor referrers", () => {
    expect(delivery.record_fields).toEqual(expect.arrayContaining(["c-ip", "cs-uri-stem", "sc-status"]));
    for (const field of ["cs(Cookie)", "cs-uri-query", "cs(Referer)"])
      expect(delivery.record_fields).not.toContain(field);
  });
});

describe("who may use the site", () => {
  const acl = template.only("aws_wafv2_web_acl");

  test("is AWS WAF's to say, before CloudFront answers", () => {
    expect(acl).toMatchObject({ scope: "CLOUDFRONT", region: "us-east-1" });
    expect(distribution.web_acl_id).toMatch(/^\$\{aws_wafv2_web_acl\..+\.arn\}$/);
    expect(template.types()).not.toContain("aws_wafv2_web_acl_association");
    expect(acl.rule.map(({ name }: Resource) => name)).toContain("LoginLimit");
  });

  test("by IPv4 and IPv6, where it is everybody", () => {
    expect(distribution.is_ipv6_enabled).toBe(true);
    expect(
      records(template)
        .map(({ type }) => type)
        .sort(),
    ).toEqual(["A", "AAAA"]);
    expect(acl.rule.map(({ name }: Resource) => name)).not.toContain("OtherNetworks");
    expect(template.types()).not.toContain("aws_wafv2_ip_set");
  });

  test("by IPv4 alone where networks are named, and from them alone", () => {
    const closed = synthesize({ allowedCidrs: campus });
    expect(closed.only("aws_wafv2_ip_set")).toMatchObject({
      scope: "CLOUDFRONT",
      region: "us-east-1",
      ip_address_version: "IPV4",
      addresses: campus,
    });
    const { rule } = closed.only("aws_wafv2_web_acl");
    const [others] = rule.filter(({ name }: Resource) => name === "OtherNetworks");
    expect(others).toMatchObject({
      action: { block: {} },
      statement: { not_statement: { statement: [{ ip_set_reference_statement: { arn: expect.any(String) } }] } },
    });
    const priorities = rule.map(({ priority }: Resource) => priority);
    expect(new Set(priorities).size).toBe(priorities.length);
    expect(closed.only("aws_cloudfront_distribution").is_ipv6_enabled).toBe(false);
    expect(records(closed).map(({ type }) => type)).toEqual(["A"]);
  });

  test("is nobody's to say without AWS WAF: refused where it is not everybody", () => {
    expect(synthesize({ waf: false }).only("aws_cloudfront_distribution")).not.toHaveProperty("web_acl_id");
    expect(() => synthesize({ waf: false, allowedCidrs: campus })).toThrow(/test\/edge\.waf/);
  });
});

test("nothing of it is there without it", () => {
  const without = synthesize({ cdn: undefined });
  expect(without.types().filter((type) => /cloudfront|log_delivery|ip_set/.test(type))).toEqual([]);
  expect(without.json).not.toHaveProperty("data");
  expect(without.only("aws_wafv2_web_acl")).toMatchObject({ scope: "REGIONAL" });
  expect(without.only("aws_s3_bucket_policy").policy).not.toContain("delivery.logs.amazonaws.com");
});
