import { Netmask } from "netmask";

/**
 * One of the equal parts of an IPv4 range: the part with the given number among those whose prefix is `newBits` longer.
 *
 *     subnetCidr("10.0.0.0/16", 3, 1) // "10.0.32.0/19"
 *
 * Throws a RangeError where there is no such part.
 */
export function subnetCidr(cidr: string, newBits: number, number: number): string {
  const block = new Netmask(cidr);
  const prefix = block.bitmask + newBits;
  if (!Number.isInteger(newBits) || newBits < 0 || prefix > 32) {
    throw new RangeError(`${cidr} cannot be cut into parts whose prefix is ${newBits} bits longer`);
  }
  if (!Number.isInteger(number) || number < 0 || number >= 2 ** newBits) {
    throw new RangeError(`${cidr} cut into ${2 ** newBits} parts has no part number ${number}`);
  }
  let part = new Netmask(`${block.base}/${prefix}`);
  if (number > 0) part = part.next(number);
  return `${part.base}/${prefix}`;
}

/** Length of a range's prefix: 16 for `10.0.0.0/16`. */
export function prefixLength(cidr: string): number {
  return new Netmask(cidr).bitmask;
}

/** What is left of a range without a part of it: ranges in the order of their addresses. */
export function withoutCidr(cidr: string, part: string): string[] {
  const [whole, hole] = [new Netmask(cidr), new Netmask(part)];
  if (hole.contains(whole)) return [];
  if (!whole.contains(hole)) return [cidr];
  return [0, 1].flatMap((half) => withoutCidr(subnetCidr(cidr, 1, half), part));
}
