import { prefixLength, subnetCidr } from "../core/cidr";

/** Addresses of one zone's subnets. */
export interface ZoneSubnets {
  readonly private: string;
  readonly public: string;
  readonly database: string;
  readonly intra: string;
}

/** Longest prefix of a private subnet: 251 usable addresses, one for each pod and node. */
const LONGEST_PRIVATE_PREFIX = 24;

/**
 * Divides a VPC's range among its zones. One half goes to the private subnets, because with the VPC CNI every pod takes
 * an address there; an eighth each to the public, database and intra subnets; the last eighth stays free. Each part has
 * room for four zones (eight, where there are more), so that a zone can be added without moving the others.
 */
export function vpcLayout(cidr: string, zoneCount: number): ZoneSubnets[] {
  const zoneBits = spareZoneBits(zoneCount);
  const part = (newBits: number, number: number, zone: number) =>
    subnetCidr(subnetCidr(cidr, newBits, number), zoneBits, zone);
  return Array.from({ length: zoneCount }, (_, zone) => ({
    private: part(1, 0, zone),
    public: part(3, 4, zone),
    database: part(3, 5, zone),
    intra: part(3, 6, zone),
  }));
}

/** Whether the private subnets have addresses enough for pods. */
export function isLargeEnough(cidr: string, zoneCount: number): boolean {
  return prefixLength(cidr) + 1 + spareZoneBits(zoneCount) <= LONGEST_PRIVATE_PREFIX;
}

function spareZoneBits(zoneCount: number): number {
  return zoneCount <= 4 ? 2 : 3;
}
