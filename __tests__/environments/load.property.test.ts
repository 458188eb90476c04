import fc from "fast-check";
import { ConfigurationError } from "../../constructs/core/errors";
import { parseCidr } from "../../environments/fields";
import { loadEnvironments } from "../../environments/load";
import type { EnvironmentInput } from "../../environments/schema";
import { production } from "../../examples/aws/production";
import { staging } from "../../examples/aws/staging";
import { production as googleProduction } from "../../examples/google/production";

type Json = Record<string, unknown>;
const bases = [staging, production, googleProduction] as unknown as Json[];
const keys = [
  ...new Set(bases.flatMap((base) => Object.keys(base))),
  "network",
  "redis",
  "files",
  "edge",
  "state",
  "backups",
];

test("whatever stands in a file, the answer is an environment or a list of faults, never a crash", () => {
  fc.assert(
    fc.property(fc.constantFrom(...bases), fc.constantFrom(...keys), fc.jsonValue(), (base, key, value) => {
      const input = { ...base, [key]: value } as unknown as EnvironmentInput;
      try {
        loadEnvironments([input], { MOODLE_PLATFORM__STAGING__OWNER: "someone" });
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigurationError);
      }
    }),
    { numRuns: 200 },
  );
});

test("a fault in one field never hides a fault in another", () => {
  const faulty: Json = {
    owner: "Not A Label",
    domain: "moodle.other.org",
    account: "1",
    region: "nowhere",
    incarnation: 0,
    protection: "maybe",
    redis: { engine: "memcached" },
    backups: { schedule: "nightly" },
  };
  fc.assert(
    fc.property(fc.subarray(Object.keys(faulty), { minLength: 1 }), (chosen) => {
      const input = { ...staging, ...Object.fromEntries(chosen.map((key) => [key, faulty[key]])) };
      try {
        loadEnvironments([input as unknown as EnvironmentInput]);
        expect(chosen).toEqual([]);
      } catch (error) {
        const paths = (error as ConfigurationError).faults.map(({ path }) => path.split(".")[1]);
        expect(paths.sort()).toEqual([...chosen].sort());
      }
    }),
  );
});

test("a network is accepted exactly when it is written with its first address", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), fc.integer({ min: 1, max: 32 }), (address, prefix) => {
      const dotted = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
      const isFirst = address % 2 ** (32 - prefix) === 0;
      expect(parseCidr(`${dotted}/${prefix}`) !== undefined).toBe(isFirst);
    }),
  );
});
