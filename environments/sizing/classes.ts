/** What the clouds' classes of machines have, and those among which a size is chosen. */

/** A class of database server. */
export interface DatabaseClass {
  /** As the cloud calls it. */
  readonly name: string;
  readonly processors: number;
  readonly memoryMb: number;
}

/** A class of Redis node. */
export interface RedisNode {
  readonly name: string;
  readonly memoryMb: number;
}

const GB = 1024;

/**
 * Memory of a processor, by the letter that an RDS family begins with. A family that is not here is taken for the smallest.
 * Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
 */
const RDS_GB_PER_PROCESSOR: Readonly<Record<string, number>> = { c: 2, m: 4, r: 8, x: 16, z: 8 };
/** Burstable classes have two processors up to large, and memory of their own. */
const RDS_BURSTABLE_GB: Readonly<Record<string, number>> = { small: 2, medium: 4, large: 8, xlarge: 16, "2xlarge": 32 };

export function rdsClass(name: string): DatabaseClass {
  const [, family = "", size = ""] = /^db\.([a-z0-9]+)\.([a-z0-9]+)$/.exec(name) ?? [];
  const processors = processorsOf(size, family.startsWith("t") ? 2 : 1);
  const memoryGb = family.startsWith("t")
    ? (RDS_BURSTABLE_GB[size] ?? 2)
    : processors * (RDS_GB_PER_PROCESSOR[family.charAt(0)] ?? 2);
  return { name, processors, memoryMb: memoryGb * GB };
}

/** `2xlarge` has 8: a size doubles from `large`, which has 2. */
function processorsOf(size: string, smallest: number): number {
  const [, count] = /^(\d*)xlarge$/.exec(size) ?? [];
  if (count !== undefined) return 4 * (count === "" ? 1 : Number(count));
  return size === "large" ? 2 : smallest;
}

/** Source: https://cloud.google.com/sql/docs/postgres/machine-series-overview */
export function cloudSqlTier(name: string): DatabaseClass {
  const [, processors = 0, memoryMb = 0] = /^db-custom-(\d+)-(\d+)$/.exec(name)?.map(Number) ?? [];
  if (processors > 0) return { name, processors, memoryMb };
  const optimized = Number(/^db-perf-optimized-N-(\d+)$/.exec(name)?.[1] ?? 0);
  return { name, processors: optimized, memoryMb: optimized === 128 ? 864 * GB : optimized * 8 * GB };
}

const RDS_SIZES = ["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"];

/** The sizes of a family, and one beyond them of another. */
function rdsFamily(family: string, largest: string): DatabaseClass[] {
  return [...RDS_SIZES.map((size) => `db.${family}.${size}`), largest].map(rdsClass);
}

const GENERAL_PURPOSE = rdsFamily("m7g", "db.m6i.24xlarge");
const WITH_BURSTABLE = [rdsClass("db.t4g.medium"), ...GENERAL_PURPOSE];
const WITH_LOCAL_DISKS = rdsFamily("m6gd", "db.m6id.24xlarge");

/**
 * Classes of RDS from small to large, which every engine and version takes; a Multi-AZ DB cluster needs local disks, and
 * takes no burstable class.
 * Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Support.html
 */
export function rdsClasses({ burstable, localDisks }: { burstable: boolean; localDisks: boolean }): DatabaseClass[] {
  if (localDisks) return WITH_LOCAL_DISKS;
  return burstable ? WITH_BURSTABLE : GENERAL_PURPOSE;
}

const CUSTOM = [1, ...Array.from({ length: 48 }, (_, index) => 2 * (index + 1))].map((processors) =>
  cloudSqlTier(`db-custom-${processors}-${processors * 3840}`),
);
const CUSTOM_FROM_TWO = CUSTOM.slice(1);
const OPTIMIZED = [2, 4, 8, 16, 32, 48, 64, 80, 96, 128].map((processors) =>
  cloudSqlTier(`db-perf-optimized-N-${processors}`),
);

/** Tiers of Cloud SQL from small to large: of ENTERPRISE, one processor or any even number up to 96. */
export function cloudSqlTiers(edition: "ENTERPRISE" | "ENTERPRISE_PLUS", smallest: 1 | 2): DatabaseClass[] {
  if (edition === "ENTERPRISE_PLUS") return OPTIMIZED;
  return smallest === 1 ? CUSTOM : CUSTOM_FROM_TWO;
}

/**
 * `maxmemory` of ElastiCache's nodes, in MiB, by the letter that a family begins with; newer families have a little more.
 * Source: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html#ParameterGroups.Redis.NodeSpecific
 */
const ELASTICACHE_MB: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  t: { micro: 512, small: 1402, medium: 3164 },
  m: { large: 6536, xlarge: 13248, "2xlarge": 26671, "4xlarge": 53516, "8xlarge": 106168, "12xlarge": 160900 },
  r: { large: 13386, xlarge: 26952, "2xlarge": 54083, "4xlarge": 108346, "8xlarge": 214577, "12xlarge": 325399 },
};

/** `undefined` for a type whose memory is not known here. */
export function elastiCacheNode(name: string): RedisNode | undefined {
  const [, family = "", size = ""] = /^cache\.(?=t[34]|[mr][5-9])([tmr])[a-z0-9]+\.([a-z0-9]+)$/.exec(name) ?? [];
  const memoryMb = ELASTICACHE_MB[family]?.[size];
  return memoryMb === undefined ? undefined : { name, memoryMb };
}

const nodes = (...names: string[]) => names.flatMap((name) => elastiCacheNode(`cache.${name}`) ?? []);
const NODES = nodes("m7g.large", "m7g.xlarge", "m7g.2xlarge", "m7g.4xlarge");
const NODES_WITH_BURSTABLE = [...nodes("t4g.small", "t4g.medium"), ...NODES];

/** Types of ElastiCache from small to large. */
export function elastiCacheNodes({ burstable }: { burstable: boolean }): RedisNode[] {
  return burstable ? NODES_WITH_BURSTABLE : NODES;
}

/** An instance of Memorystore, which is bought by the GiB. */
export function memorystore(memoryGb: number): RedisNode {
  return { name: "Memorystore", memoryMb: memoryGb * GB };
}
