import fc from "fast-check";
import { Netmask } from "netmask";
import { isLargeEnough, vpcLayout } from "../../../constructs/aws/vpc-layout";

const vpc = fc.record({
  prefix: fc.integer({ min: 16, max: 20 }),
  third: fc.nat({ max: 255 }),
  zones: fc.integer({ min: 2, max: 6 }),
});
const rangeOf = ({ prefix, third }: { prefix: number; third: number }) =>
  new Netmask(`10.20.${third}.0/${prefix}`).toString();
const blocks = (range: string, zones: number) =>
  vpcLayout(range, zones).flatMap((zone) => Object.values(zone).map((cidr) => new Netmask(cidr)));

test("every subnet lies inside the VPC", () => {
  fc.assert(
    fc.property(vpc, (given) => {
      const range = new Netmask(rangeOf(given));
      expect(blocks(rangeOf(given), given.zones).every((block) => range.contains(block))).toBe(true);
    }),
  );
});

test("no two subnets overlap", () => {
  fc.assert(
    fc.property(vpc, (given) => {
      const sorted = blocks(rangeOf(given), given.zones).sort((a, b) => a.netLong - b.netLong);
      const ends = sorted.map(({ netLong, size }) => netLong + size);
      expect(sorted.slice(1).filter(({ netLong }, index) => netLong < (ends[index] ?? 0))).toEqual([]);
    }),
  );
});

test("pods get four times the addresses of any other tier", () => {
  fc.assert(
    fc.property(vpc, (given) => {
      for (const zone of vpcLayout(rangeOf(given), given.zones)) {
        const size = (cidr: string) => new Netmask(cidr).size;
        const others = [zone.public, zone.database, zone.intra];
        expect(others.map((cidr) => size(zone.private) / size(cidr))).toEqual([4, 4, 4]);
      }
    }),
  );
});

test("every subnet has the 16 addresses that load balancers, the control plane and AWS itself take", () => {
  expect(Math.min(...blocks("10.20.0.0/20", 6).map(({ size }) => size))).toBeGreaterThanOrEqual(16);
});

test.each([2, 3])("a zone more than %i moves no subnet", (zones) => {
  expect(vpcLayout("10.20.0.0/16", zones + 1).slice(0, zones)).toEqual(vpcLayout("10.20.0.0/16", zones));
});

test.each([
  ["10.20.0.0/21", 4, true],
  ["10.20.0.0/22", 4, false],
  ["10.20.0.0/20", 6, true],
  ["10.20.0.0/21", 5, false],
])("%s for %i zones is large enough for pods: %s", (range, zones, enough) => {
  expect(isLargeEnough(range, zones)).toBe(enough);
});
