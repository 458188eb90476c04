import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { fpmChildren, fpmResources, SHARED_MB } from "../../../constructs/workloads/fpm-children";
import { CONNECTIONS } from "../../../environments/sizing/assumptions";

/** A number that the image gives PHP. */
function setting(file: string, pattern: RegExp): number {
  const content = readFileSync(join(__dirname, "../../../images/moodle/php", file), "utf8");
  return Number(pattern.exec(content)?.[1]);
}

describe("children of PHP-FPM", () => {
  test.each([
    ["processors decide where memory is plenty", { cpu: 2, memoryMb: 8192 }, 16],
    ["memory decides where it is short", { cpu: 4, memoryMb: 1384 }, 10],
    ["a part of a child is none", { cpu: 1.99, memoryMb: 8192 }, 15],
    ["the smallest pool is of two", { cpu: 0.1, memoryMb: 300 }, 2],
  ])("%s", (_, resources, children) => {
    expect(fpmChildren(resources)).toBe(children);
  });

  test("are what a shell computes of millicores, without fractions", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64_000 }), (milliCpu) => {
        const children = fpmChildren({ cpu: milliCpu / 1000, memoryMb: 1_000_000 });
        expect(children).toBe(Math.max(2, Math.floor((8 * milliCpu) / 1000)));
      }),
    );
  });

  test("leave room for what all of them share", () => {
    const opcache = setting("moodle.ini", /^opcache\.memory_consumption = (\d+)$/m);
    const apcu = setting("moodle.ini", /^apc\.shm_size = (\d+)M$/m);
    expect(SHARED_MB - opcache - apcu).toBeGreaterThanOrEqual(64);
  });

  test("have beside them those that answer probes, whose connections are counted", () => {
    expect(setting("fpm.conf", /^\[health\]$[^[]*^pm\.max_children = (\d+)$/m)).toBe(CONNECTIONS.probes);
  });

  test("get all of a web pod but what nginx and its exporter need", () => {
    expect(fpmResources({ cpu: 2, memoryMb: 3072 })).toEqual({ cpu: 1.89, memoryMb: 2912 });
  });
});
