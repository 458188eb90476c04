import fc from "fast-check";
import { MAX_CONNECTIONS } from "../../../environments/sizing/assumptions";
import {
  childrenFor,
  childrenOf,
  connectionsFor,
  maxConnectionsOf,
  nodesFor,
} from "../../../environments/sizing/demands";
import type { Demand } from "../../../environments/sizing/figures";
import { limits } from "../../../environments/sizing/limits";
import { size } from "../../../environments/sizing/size";

const kinds = fc.record<Omit<Demand, "concurrentStudents">>({
  cloud: fc.constantFrom("aws", "google"),
  engine: fc.constantFrom("postgresql", "mysql", "mariadb"),
  protection: fc.constantFrom("protected", "disposable"),
  isCluster: fc.boolean(),
  edition: fc.constantFrom("ENTERPRISE", "ENTERPRISE_PLUS"),
  readReplicas: fc.integer({ min: 0, max: 5 }),
  sharesRedis: fc.boolean(),
  usesObjectStore: fc.boolean(),
  antivirus: fc.boolean(),
  models: fc.record({ cpu: fc.nat(200), memoryGb: fc.nat(2000) }),
});

/** What grows with the students, as numbers. */
function magnitudes(demand: Demand): Record<string, number> {
  const { web, adhoc, database, maxConnections, sessions, cache, nodes, filesGb } = size(demand);
  return {
    children: childrenOf(web),
    minReplicas: web.minReplicas,
    maxReplicas: web.maxReplicas,
    adhoc: adhoc.replicas,
    processors: database.processors,
    memoryMb: database.memoryMb,
    maxConnections,
    sessions: sessions.memoryMb,
    cache: cache.memoryMb,
    cpuLimit: nodes.cpuLimit,
    memoryLimitGb: nodes.memoryLimitGb,
    filesGb,
  };
}

const students = fc.integer({ min: 10, max: 20000 });

test("more students never get less", () => {
  fc.assert(
    fc.property(kinds, students, students, (kind, one, other) => {
      const fewer = magnitudes({ ...kind, concurrentStudents: Math.min(one, other) });
      const more = magnitudes({ ...kind, concurrentStudents: Math.max(one, other) });
      for (const [name, magnitude] of Object.entries(fewer)) {
        expect({ name, isLess: (more[name] ?? 0) < magnitude }).toEqual({ name, isLess: false });
      }
    }),
    { numRuns: 200 },
  );
});

test("every figure goes as far as the students that it is for", () => {
  fc.assert(
    fc.property(kinds, students, (kind, concurrentStudents) => {
      const demand = { ...kind, concurrentStudents };
      const short = limits(demand, size(demand)).filter(({ students = Infinity }) => students < concurrentStudents);
      expect(short).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test("all pods at most, twice, never ask for more connections than there are, nor for more than the nodes hold", () => {
  fc.assert(
    fc.property(kinds, students, (kind, concurrentStudents) => {
      const demand = { ...kind, concurrentStudents };
      const figures = size(demand);
      expect(connectionsFor(figures, demand)).toBeGreaterThan(2 * childrenOf(figures.web));
      expect(connectionsFor(figures, demand)).toBeLessThanOrEqual(figures.maxConnections);
      const needed = nodesFor(figures, demand);
      expect(needed.cpuLimit).toBeLessThanOrEqual(figures.nodes.cpuLimit);
      expect(needed.memoryLimitGb).toBeLessThanOrEqual(figures.nodes.memoryLimitGb);
    }),
    { numRuns: 200 },
  );
});

test("there is never less than two pods, one of which may be lost, nor a range that cannot scale", () => {
  fc.assert(
    fc.property(kinds, students, (kind, concurrentStudents) => {
      const { web } = size({ ...kind, concurrentStudents });
      expect(web.minReplicas).toBeGreaterThanOrEqual(kind.protection === "protected" ? 3 : 2);
      expect(web.maxReplicas).toBeGreaterThan(web.minReplicas);
    }),
  );
});

test("what is given stands, and the others follow from it", () => {
  const web = fc.record({
    minReplicas: fc.integer({ min: 1, max: 10 }),
    maxReplicas: fc.integer({ min: 10, max: 100 }),
    cpu: fc.constantFrom(0.5, 1, 2, 4, 8),
    memoryMb: fc.integer({ min: 1024, max: 16384 }),
  });
  fc.assert(
    fc.property(kinds, students, web, (kind, concurrentStudents, given) => {
      const demand = { ...kind, concurrentStudents };
      const figures = size(demand, { web: given });
      expect(figures.web).toEqual(given);
      expect(nodesFor(figures, demand).cpuLimit).toBeLessThanOrEqual(figures.nodes.cpuLimit);
      const isLargest = figures.maxConnections === MAX_CONNECTIONS.most;
      expect(isLargest || connectionsFor(figures, demand) <= figures.maxConnections).toBe(true);
    }),
  );
});

test("max_connections is below RDS's own formulas, and never above the most", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1024, max: 1024 * 1024 }), (memoryMb) => {
      const limit = maxConnectionsOf({ memoryMb });
      const bytes = memoryMb * 1024 * 1024;
      expect(limit).toBeLessThanOrEqual(Math.min(5000, bytes / 9531392, bytes / 12582880));
    }),
  );
});

test("children are enough for the rule and no more than one too many", () => {
  fc.assert(
    fc.property(students, (count) => {
      expect(childrenFor(count) / 90).toBeGreaterThanOrEqual(count / 2000);
      expect((childrenFor(count) - 1) / 90).toBeLessThan(count / 2000);
    }),
  );
});
