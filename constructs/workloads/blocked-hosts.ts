import { withoutCidr } from "../core/cidr";

/**
 * Moodle's own list of hosts to which no address that a user enters may lead: its setting `curlsecurityblockedhosts`.
 * Source: admin/settings/security.php of Moodle 4.5.
 */
const BLOCKED = [
  "127.0.0.0/8",
  "192.168.0.0/16",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "0.0.0.0",
  "localhost",
  "169.254.169.254",
  "0000::1",
];

/**
 * The list without the network of the cluster's Services, in which a model has its address. Databases, caches, pods and
 * nodes stay on it; which Services the site's pods reach at all, their NetworkPolicies say.
 */
export function blockedHosts(serviceCidr: string): string[] {
  return BLOCKED.flatMap((host) => (/^[0-9.]+\/[0-9]+$/.test(host) ? withoutCidr(host, serviceCidr) : [host]));
}
