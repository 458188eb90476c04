import { Network, type NetworkProps } from "../../../constructs/google/network";
import { Template } from "../../support/template";

const props: NetworkProps = {
  name: "moodle-production-1",
  project: "example-moodle",
  region: "europe-west3",
  nodesCidr: "10.30.0.0/20",
  podsCidr: "10.32.0.0/14",
  servicesCidr: "10.36.0.0/20",
};

describe("Network", () => {
  let network!: Network;
  const template = Template.from((scope) => {
    network = new Network(scope, "network", props);
  });

  test("has only the subnetwork that it names", () => {
    expect(template.only("google_compute_network").auto_create_subnetworks).toBe(false);
    expect(template.only("google_compute_subnetwork").ip_cidr_range).toBe("10.30.0.0/20");
  });

  test("keeps the default route, which Cloud NAT needs", () => {
    expect(template.only("google_compute_network")).not.toHaveProperty("delete_default_routes_on_create");
  });

  test("gives pods and services ranges of their own, under the names it hands out", () => {
    expect(template.only("google_compute_subnetwork").secondary_ip_range).toEqual([
      { range_name: network.podsRangeName, ip_cidr_range: "10.32.0.0/14" },
      { range_name: network.servicesRangeName, ip_cidr_range: "10.36.0.0/20" },
    ]);
  });

  test("reaches Google's APIs without a public address", () => {
    expect(template.only("google_compute_subnetwork").private_ip_google_access).toBe(true);
  });

  test("logs flows, refused connections, address translation and DNS queries", () => {
    expect(template.only("google_compute_subnetwork").log_config).toMatchObject({ flow_sampling: 0.5 });
    expect(template.only("google_compute_firewall").log_config).toBeDefined();
    expect(template.only("google_compute_router_nat").log_config).toEqual({ enable: true, filter: "ERRORS_ONLY" });
    expect(template.only("google_dns_policy").enable_logging).toBe(true);
  });

  test("opens no ingress", () => {
    for (const firewall of template.resources("google_compute_firewall")) {
      expect(firewall).not.toHaveProperty("allow");
      expect(firewall.deny).toEqual([{ protocol: "all" }]);
    }
  });

  test("refuses last, so that GKE's own rules come first", () => {
    expect(template.only("google_compute_firewall").priority).toBeGreaterThan(1000);
    expect(template.only("google_compute_firewall").priority).toBeLessThan(65535);
  });

  test("lends a node as many ports as it needs, which excludes endpoint-independent mapping", () => {
    expect(template.only("google_compute_router_nat")).toMatchObject({
      enable_dynamic_port_allocation: true,
      enable_endpoint_independent_mapping: false,
    });
  });

  test("has no private service access, with which it could not be destroyed", () => {
    expect(template.types()).not.toContain("google_service_networking_connection");
  });

  test("bounds NAT ports by powers of two, as the API asks", () => {
    const { min_ports_per_vm: min, max_ports_per_vm: max } = template.only("google_compute_router_nat");
    for (const ports of [min, max]) expect(Math.log2(ports) % 1).toBe(0);
    expect(max).toBeGreaterThan(min);
  });

  test("leaves DNS queries unlogged where asked to", () => {
    const quiet = Template.from((scope) => new Network(scope, "network", { ...props, dnsLogging: false }));
    expect(quiet.types()).not.toContain("google_dns_policy");
  });
});
