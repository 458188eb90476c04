import { Netmask } from "netmask";
import { blockedHosts } from "../../../constructs/workloads/blocked-hosts";

const networks = (hosts: readonly string[]) =>
  hosts.filter((host) => host.includes("/")).map((one) => new Netmask(one));
const isBlocked = (hosts: readonly string[], address: string) => networks(hosts).some((one) => one.contains(address));

test.each([
  ["EKS", "172.20.0.0/16", "172.20.3.4", "10.20.96.10"],
  ["GKE", "10.34.0.0/20", "10.34.0.9", "10.33.0.5"],
])("with the Services of %s, a Service can be reached, and a database cannot", (_, cidr, service, database) => {
  const hosts = blockedHosts(cidr);
  expect(isBlocked(hosts, service)).toBe(false);
  expect(isBlocked(hosts, database)).toBe(true);
});

test("whatever else Moodle blocks stays blocked", () => {
  const hosts = blockedHosts("172.20.0.0/16");
  for (const address of ["127.0.0.1", "192.168.1.1", "172.16.0.1", "172.31.255.254"]) {
    expect(isBlocked(hosts, address)).toBe(true);
  }
  expect(hosts).toEqual(expect.arrayContaining(["0.0.0.0", "localhost", "169.254.169.254", "0000::1"]));
});
