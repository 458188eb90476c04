import type { TerraformResource } from "cdktf";
import { GatewayEdge, type GatewayEdgeProps } from "../../../constructs/google/gateway-edge";
import { type Resource, Template } from "../../support/template";

const props: GatewayEdgeProps = {
  name: "moodle-production-1",
  project: "example-moodle",
  domain: "moodle.example.edu",
  managedZoneName: "example-edu",
  namespace: "moodle",
};

function build(overrides: Partial<GatewayEdgeProps> = {}) {
  let edge!: GatewayEdge;
  const template = Template.from((scope) => {
    edge = new GatewayEdge(scope, "edge", { ...props, ...overrides });
  });
  return { edge, template };
}

function rules(template: Template): Resource[] {
  return template.only("google_compute_security_policy").rule;
}

describe("GatewayEdge", () => {
  const { edge, template } = build();

  test("leads the domain to its own address", () => {
    const [address] = Object.keys(template.all("google_compute_global_address"));
    expect(template.only("google_dns_record_set", { type: "A" })).toMatchObject({
      managed_zone: "example-edu",
      name: "moodle.example.edu.",
      rrdatas: [`\${google_compute_global_address.${address}.address}`],
    });
  });

  test("has its certificate issued by DNS, before any traffic", () => {
    const [authorization] = Object.keys(template.all("google_certificate_manager_dns_authorization"));
    const [record] = Object.entries(template.all("google_dns_record_set")).filter(([, { type }]) => type !== "A");
    const challenge = `google_certificate_manager_dns_authorization.${authorization}.dns_resource_record[0]`;
    expect(record?.[1]).toMatchObject({ name: `\${${challenge}.name}`, rrdatas: [`\${${challenge}.data}`] });
    expect(template.only("google_certificate_manager_certificate")).toMatchObject({
      managed: {
        domains: ["moodle.example.edu"],
        dns_authorizations: [`\${google_certificate_manager_dns_authorization.${authorization}.id}`],
      },
      depends_on: [`google_dns_record_set.${record?.[0]}`],
    });
  });

  test("serves the certificate for the domain", () => {
    expect(template.only("google_certificate_manager_certificate_map_entry").hostname).toBe("moodle.example.edu");
  });

  test("speaks TLS 1.2 or newer with modern ciphers", () => {
    expect(template.only("google_compute_ssl_policy")).toMatchObject({ profile: "MODERN", min_tls_version: "TLS_1_2" });
  });

  test("routes through the listener that serves, not the one that redirects", () => {
    expect(edge.route).toMatchObject({ gatewayName: "moodle", gatewayNamespace: "moodle", sectionName: "https" });
  });

  test("says where its proxies and health checks come from", () => {
    expect(edge.route.proxyCidrs).toEqual(expect.arrayContaining(["35.191.0.0/16", "130.211.0.0/22"]));
  });

  test("hands its filter on to the site's Service", () => {
    expect(edge.route.gke?.securityPolicyName).toBe(edge.securityPolicyName);
    expect(edge.securityPolicyName).toBeDefined();
  });

  test("only watches for what teachers post", () => {
    const previewed = rules(template).filter(({ preview }) => preview === true);
    expect(previewed.map(({ description }) => description)).toEqual([
      "protocolattack-v33-stable",
      "lfi-v33-stable",
      "rfi-v33-stable",
      "rce-v33-stable",
      "php-v33-stable",
      "sqli-v33-stable",
      "xss-v33-stable",
    ]);
  });

  test("filters before it lets in, each rule with a priority of its own", () => {
    const priorities = rules(template).map(({ priority }) => priority);
    expect(new Set(priorities).size).toBe(priorities.length);
    expect(rules(template).find(({ action }) => action === "allow")?.priority).toBe(Math.max(...priorities));
  });

  test("ends with the rule that every policy must have", () => {
    expect(rules(template).at(-1)).toMatchObject({
      priority: 2147483647,
      match: { versioned_expr: "SRC_IPS_V1", config: { src_ip_ranges: ["*"] } },
    });
  });

  test("is ready with record, certificate and policies", () => {
    expect(edge.ready.map((resource) => (resource as TerraformResource).terraformResourceType)).toEqual([
      "google_dns_record_set",
      "google_certificate_manager_certificate_map_entry",
      "google_compute_ssl_policy",
      "google_compute_security_policy",
    ]);
  });
});

test("a rule set is enforced where asked for", () => {
  const { template } = build({ enforcedRuleSets: ["sqli-v33-stable"] });
  expect(rules(template).filter(({ preview }) => preview === false)).toHaveLength(1);
  expect(rules(template).find(({ description }) => description === "sqli-v33-stable")?.preview).toBe(false);
});

describe("the limit of requests to the login", () => {
  const limits = (overrides: Partial<GatewayEdgeProps>) =>
    rules(build({ loginRequestsPerMinute: 600, ...overrides }).template).filter(({ action }) => action === "throttle");

  test("counts each address by itself, behind all filters", () => {
    const [limit] = limits({});
    expect(limit).toMatchObject({
      match: { expr: { expression: "request.path.urlDecode().matches('^[/.]*/login/')" } },
      rate_limit_options: {
        conform_action: "allow",
        exceed_action: "deny(429)",
        enforce_on_key: "IP",
        rate_limit_threshold: { count: 600, interval_sec: 60 },
      },
    });
    const before = rules(build().template).filter(({ priority }) => priority < limit?.priority);
    expect(before).toHaveLength(10);
  });

  test("lets nobody in whom the site is not for", () => {
    expect(limits({ allowedCidrs: ["203.0.113.0/24"] })).toEqual([]);
  });
});

describe("a site for some networks alone", () => {
  const allowedCidrs = ["203.0.113.0/24", "198.51.100.0/24"];

  test.each([true, false])("refuses all others, with the filter %s", (cloudArmor) => {
    const [allow, otherwise] = rules(build({ allowedCidrs, cloudArmor }).template).slice(-2);
    expect(allow).toMatchObject({ action: "allow", match: { config: { src_ip_ranges: allowedCidrs } } });
    expect(otherwise).toMatchObject({ action: "deny(403)", priority: 2147483647 });
  });

  test.each([[[]], [Array(11).fill("203.0.113.0/24")]])("is refused with networks %j", (cidrs) => {
    expect(() => build({ allowedCidrs: cidrs })).toThrow(/edge\.allowedCidrs[\s\S]*1 to 10 networks/);
  });
});

test("an open site without a filter has no security policy", () => {
  const { edge, template } = build({ cloudArmor: false });
  expect(template.types()).not.toContain("google_compute_security_policy");
  expect(edge.route.gke).toEqual({ securityPolicyName: undefined });
});
