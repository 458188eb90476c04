import fc from "fast-check";
import type { ConfigurationError } from "../../../constructs/core/errors";
import { loadEnvironments } from "../../../environments/load";
import type { EnvironmentInput } from "../../../environments/schema";
import { connectionsFor, connectionsOfPod } from "../../../environments/sizing/demands";
import { demandOf, figuresOf } from "../../../environments/sizing/environment";
import { PROTECTED_SITE } from "../../../environments/sizing/figures";
import { size } from "../../../environments/sizing/size";
import { production as aws } from "../../../examples/aws/production";
import { production as google } from "../../../examples/google/production";

const students = fc.integer({ min: 10, max: 20000 });

test("every number of students from 10 to 20,000 has a database with the connections that its pods may take, on one cloud or the other", () => {
  const short: string[] = [];
  for (let concurrentStudents = 10; concurrentStudents <= 20000; concurrentStudents++) {
    const cloud = concurrentStudents % 2 === 0 ? "aws" : "google";
    const demand = { ...PROTECTED_SITE, cloud, engine: "postgresql", concurrentStudents } as const;
    const figures = size(demand);
    if (connectionsFor(figures, demand) > figures.maxConnections) short.push(`${cloud} ${concurrentStudents}`);
  }
  expect(short).toEqual([]);
});

test("whatever figures a file gives, the connections fit, or a fault says which figures would do", () => {
  const given = fc.record({
    base: fc.constantFrom<EnvironmentInput>(aws, google),
    students,
    maxConnections: fc.option(fc.integer({ min: 50, max: 5000 }), { nil: undefined }),
    web: fc.record(
      {
        maxReplicas: fc.integer({ min: 1, max: 500 }),
        cpu: fc.constantFrom(0.5, 1, 2, 4, 16),
        memoryMb: fc.integer({ min: 1024, max: 65536 }),
      },
      { requiredKeys: [] },
    ),
    adhoc: fc.record({ replicas: fc.integer({ min: 0, max: 50 }) }, { requiredKeys: [] }),
  });
  fc.assert(
    fc.property(given, ({ base, students: concurrentStudents, maxConnections, web, adhoc }) => {
      const input = {
        ...base,
        sizing: { concurrentStudents },
        database: { ...base.database, maxConnections },
        moodle: { ...base.moodle, web, adhoc },
      } as EnvironmentInput;
      try {
        const [environment] = loadEnvironments([input]);
        if (environment === undefined) throw new Error("no environment");
        const figures = figuresOf(environment);
        expect(connectionsFor(figures, demandOf(environment))).toBeLessThanOrEqual(figures.maxConnections);
        expect(2 * figures.web.maxReplicas * connectionsOfPod(figures.web)).toBeLessThan(figures.maxConnections);
      } catch (error) {
        const { faults } = error as ConfigurationError;
        expect(faults).toMatchObject([{ path: "production.database.maxConnections", allowed: /\d+ or more/ }]);
      }
    }),
    { numRuns: 100 },
  );
});

test("where fewer pods would do, the fault names how many, and so many do", () => {
  const limit = fc.integer({ min: 150, max: 1000 });
  fc.assert(
    fc.property(limit, fc.integer({ min: 60, max: 200 }), (maxConnections, maxReplicas) => {
      const withPods = (count: number) =>
        loadEnvironments([
          {
            ...aws,
            database: { engine: "postgresql", maxConnections },
            moodle: { ...aws.moodle, web: { minReplicas: 1, maxReplicas: count } },
          },
        ]);
      const remedy = faultOf(() => withPods(maxReplicas)).remedy;
      const pods = Number(/lower moodle\.web\.maxReplicas to (\d+)/.exec(remedy)?.[1]);
      expect(() => withPods(pods)).not.toThrow();
      expect(faultOf(() => withPods(pods + 1)).path).toBe("production.database.maxConnections");
    }),
    { numRuns: 30 },
  );
});

function faultOf(run: () => unknown) {
  try {
    run();
  } catch (error) {
    const [fault] = (error as ConfigurationError).faults;
    if (fault !== undefined) return fault;
  }
  throw new Error("nothing was refused");
}
