import { cloudSqlTier, elastiCacheNode, rdsClass } from "../../../environments/sizing/classes";
import { childrenFor, childrenOf, requestsPerSecond } from "../../../environments/sizing/demands";
import { type Demand, PROTECTED_SITE } from "../../../environments/sizing/figures";
import { firstToGiveOut, limits } from "../../../environments/sizing/limits";
import { size } from "../../../environments/sizing/size";

const demand: Demand = { ...PROTECTED_SITE, concurrentStudents: 2000, cloud: "aws", engine: "mysql" };

/** Whether a figure is about what somebody else has measured or sells: within a factor of two and a bit for reserve. */
function isAbout(figure: number, published: number): boolean {
  return figure >= published / 2 && figure <= published * 2.25;
}

describe("what others have published", () => {
  test("Udelar served 2,000 students by 12 processors and 90 FPM children, and a database of 4 processors", () => {
    const { web, database } = size(demand);
    expect(childrenFor(2000)).toBe(90);
    expect(isAbout(childrenOf(web), 90)).toBe(true);
    expect(isAbout(web.maxReplicas * web.cpu, 12)).toBe(true);
    expect(isAbout(database.processors, 4)).toBe(true);
  });

  test.each([
    [1000, 8],
    [2000, 16],
  ])("Azure sells a database for %d users with %d processors", (concurrentStudents, processors) => {
    expect(isAbout(size({ ...demand, concurrentStudents }).database.processors, processors)).toBe(true);
  });
});

test("requests at the peak", () => expect([10, 2000, 2001].map(requestsPerSecond)).toEqual([1, 200, 201]));

test("a disposable site for a class is small", () => {
  const figures = size({ ...demand, protection: "disposable", concurrentStudents: 100, sharesRedis: true });
  expect(figures).toMatchObject({
    web: { minReplicas: 2, maxReplicas: 3, cpu: 1, memoryMb: 1536 },
    cron: { replicas: 2 },
    adhoc: { replicas: 1 },
    database: { name: "db.t4g.medium" },
    maxConnections: 320,
    sessions: { name: "cache.t4g.small" },
    nodes: { cpuLimit: 24, memoryLimitGb: 96 },
  });
});

test("models need nodes beside those of the site", () => {
  const { nodes } = size({ ...demand, models: { cpu: 16, memoryGb: 64 } });
  // 16 processors, a quarter more that nodes cannot fill, in steps of 8.
  expect(nodes).toEqual({ cpuLimit: 56 + 24, memoryLimitGb: 224 + 96 });
});

test("a faculty's site is not a class's", () => {
  expect(size(demand)).toMatchObject({
    web: { minReplicas: 3, maxReplicas: 9, cpu: 2, memoryMb: 3072 },
    adhoc: { replicas: 2 },
    database: { name: "db.m7g.2xlarge" },
    maxConnections: 2560,
    sessions: { name: "cache.m7g.large" },
    cache: { name: "cache.m7g.large" },
    nodes: { cpuLimit: 56, memoryLimitGb: 224 },
  });
});

test.each([
  [{ isCluster: true }, "db.m6gd.2xlarge"],
  [{ concurrentStudents: 16001 }, "db.m6i.24xlarge"],
  [{ concurrentStudents: 20000, isCluster: true }, "db.m6id.24xlarge"],
  [{ cloud: "google" }, "db-custom-8-30720"],
  [{ cloud: "google", concurrentStudents: 5000 }, "db-custom-20-76800"],
  [{ cloud: "google", edition: "ENTERPRISE_PLUS" }, "db-perf-optimized-N-8"],
  [{ cloud: "google", protection: "disposable", concurrentStudents: 100 }, "db-custom-1-3840"],
] as const)("%j takes a database of class %s", (change, name) => {
  expect(size({ ...demand, ...change }).database.name).toBe(name);
});

test("more pods than the students need take a database with the connections for them", () => {
  const { database, maxConnections } = size({ ...demand, concurrentStudents: 100 }, { web: { maxReplicas: 60 } });
  expect(maxConnections).toBeGreaterThanOrEqual(2 * 60 * 7);
  expect(database.name).toBe("db.m7g.xlarge");
});

test.each([
  ["db.t4g.small", 2, 2],
  ["db.t4g.medium", 2, 4],
  ["db.m7g.large", 2, 8],
  ["db.m6gd.2xlarge", 8, 32],
  ["db.r7g.16xlarge", 64, 512],
  ["db.c6gd.xlarge", 4, 8],
  ["db.u9.xlarge", 4, 8],
])("RDS's %s has %d processors and %d GiB", (name, processors, memoryGb) => {
  expect(rdsClass(name)).toEqual({ name, processors, memoryMb: memoryGb * 1024 });
});

test.each([
  ["db-custom-2-8192", 2, 8192],
  ["db-perf-optimized-N-4", 4, 32768],
  ["db-perf-optimized-N-128", 128, 884736],
])("Cloud SQL's %s has %d processors and %d MiB", (name, processors, memoryMb) => {
  expect(cloudSqlTier(name)).toEqual({ name, processors, memoryMb });
});

test("a Redis node that is not known has no memory, and so no limit", () => {
  expect(elastiCacheNode("cache.t4g.medium")?.memoryMb).toBe(3164);
  expect(elastiCacheNode("cache.x9.large")).toBeUndefined();
  const found = limits(demand, { ...size(demand), sessions: elastiCacheNode("cache.x9.large") });
  expect(found.find(({ figure }) => figure === "Redis sessions")).not.toHaveProperty("students");
});

describe("what gives out first", () => {
  const first = (given: Parameters<typeof size>[1]) => firstToGiveOut(limits(demand, size(demand, given)));

  test.each([
    ["database", { database: rdsClass("db.m7g.large") }, 500],
    ["FPM children", { web: { maxReplicas: 3 } }, 1000],
    ["connections", { maxConnections: 100 }, 558],
    ["nodes", { nodes: { cpuLimit: 24 } }, 666],
  ] as const)("%s", (figure, given, students) => {
    expect(first(given)).toMatchObject({ figure, students });
  });

  test("one Redis for both is the sum of both", () => {
    const shared = { ...demand, sharesRedis: true, concurrentStudents: 10000 };
    const node = elastiCacheNode("cache.t4g.small");
    const found = limits(shared, { ...size(shared), sessions: node });
    expect(found.map(({ figure }) => figure)).toContain("Redis");
    expect(firstToGiveOut(found)).toMatchObject({ figure: "Redis", students: 1958 });
  });
});

test("every figure has its rule and its source", () => {
  for (const { figure, rule, sources } of limits(demand, size(demand))) {
    expect({ figure, hasRule: /\w/.test(rule), sources: sources.length > 0 }).toEqual({
      figure,
      hasRule: true,
      sources: true,
    });
    for (const { url } of sources) expect(url ?? "https://").toMatch(/^https:\/\//);
  }
});

test("the shared file system has a size that Filestore sells, for as many students as a size is for", () => {
  const filesGb = (concurrentStudents: number) =>
    size({ ...PROTECTED_SITE, concurrentStudents, cloud: "google", engine: "postgresql" }).filesGb;
  expect([10, 20000].map(filesGb)).toEqual([1024, 1024]);
});
