import fc from "fast-check";
import { Netmask } from "netmask";
import { prefixLength, subnetCidr, withoutCidr } from "../../../constructs/core/cidr";

/** Any range from /8 to /28, written with its first address, and a number of bits that fits it. */
const cut = fc
  .record({ address: fc.nat({ max: 2 ** 32 - 1 }), prefix: fc.integer({ min: 8, max: 28 }) })
  .map(({ address, prefix }) => {
    const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
    return new Netmask(`${bytes}/${prefix}`).toString();
  })
  .chain((range) =>
    fc.record({ range: fc.constant(range), bits: fc.integer({ min: 0, max: Math.min(8, 32 - prefixLength(range)) }) }),
  );

test.each([
  ["10.0.0.0/16", 3, 1, "10.0.32.0/19"],
  ["10.0.0.0/16", 0, 0, "10.0.0.0/16"],
  ["192.168.0.0/24", 8, 255, "192.168.0.255/32"],
  ["255.255.0.0/16", 1, 1, "255.255.128.0/17"],
])("%s cut by %i bits, part %i, is %s", (range, bits, number, part) => {
  expect(subnetCidr(range, bits, number)).toBe(part);
});

test("the parts of a range cover it without a gap or an overlap", () => {
  fc.assert(
    fc.property(cut, ({ range, bits }) => {
      const whole = new Netmask(range);
      const parts = Array.from({ length: 2 ** bits }, (_, number) => new Netmask(subnetCidr(range, bits, number)));
      expect(new Set(parts.map(({ bitmask }) => bitmask))).toEqual(new Set([whole.bitmask + bits]));
      const starts = parts.map(({ netLong }) => netLong);
      expect(starts).toEqual(parts.map(({ size }, number) => whole.netLong + number * size));
      expect((starts.at(-1) ?? 0) + (parts.at(-1)?.size ?? 0)).toBe(whole.netLong + whole.size);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ["more bits than an address has", 17, 0],
  ["a negative number of bits", -1, 0],
  ["a part beyond the last", 2, 4],
  ["a part before the first", 2, -1],
  ["half a part", 2, 0.5],
])("refuses %s", (_, bits, number) => {
  expect(() => subnetCidr("10.0.0.0/16", bits, number)).toThrow(RangeError);
});

test.each([
  ["172.16.0.0/12", "172.20.0.0/16", ["172.16.0.0/14", "172.21.0.0/16", "172.22.0.0/15", "172.24.0.0/13"]],
  ["10.0.0.0/8", "172.20.0.0/16", ["10.0.0.0/8"]],
  ["10.0.0.0/16", "10.0.0.0/8", []],
  ["10.0.0.0/16", "10.0.0.0/16", []],
])("%s without %s is %p", (range, part, left) => {
  expect(withoutCidr(range, part)).toEqual(left);
});

test("a range without a part of it is as much smaller as the part is large, and touches no address of it", () => {
  fc.assert(
    fc.property(cut, ({ range, bits }) => {
      const part = subnetCidr(range, bits, 2 ** bits - 1);
      const left = withoutCidr(range, part).map((one) => new Netmask(one));
      const sizes = left.reduce((sum, { size }) => sum + size, 0);
      expect(sizes).toBe(new Netmask(range).size - new Netmask(part).size);
      const hole = new Netmask(part);
      expect(left.some((one) => one.contains(hole) || hole.contains(one))).toBe(false);
    }),
  );
});
