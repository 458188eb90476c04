import { z } from "zod";
import { ULID } from "./layout";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 in lower-case hexadecimal");
const sha1 = z.string().regex(/^[0-9a-f]{40}$/, "a SHA-1 in lower-case hexadecimal");
const count = z.int().min(0);
const instant = z.iso.datetime().transform((text) => new Date(text));

const part = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/, "a relative path"),
  size: count,
  sha256,
  /** Where the bucket keeps versions: a delete marker on top hides nothing. */
  versionId: z.string().optional(),
});

const shard = z.strictObject({
  /** Of the lines, before compression; the name of the object. */
  sha256,
  references: count,
  /** Sum of the sizes of the blobs. */
  bytes: count,
  first: sha1,
  last: sha1,
});

/**
 * A snapshot: what `snapshots/<id>.json` holds in its envelope. It is written last; with `status: complete` everything it
 * names was in the repository.
 */
export const manifestSchema = z.strictObject({
  format: z.literal(1),
  /** ULID of T0. */
  id: z.string().regex(ULID, "a ULID"),
  repository: z.uuid(),
  status: z.enum(["complete", "partial"]),
  /** The moment of which database and files are, by the database's clock. */
  t0: instant,
  finishedAt: instant,
  /** Of the lease under which it was made: later runs have greater ones. */
  fencingToken: count,
  program: z.string(),
  site: z.strictObject({
    engine: z.enum(["postgresql", "mysql", "mariadb"]),
    engineVersion: z.string(),
    moodleRelease: z.string(),
    moodleVersion: z.string(),
    tablePrefix: z.string(),
  }),
  database: z.strictObject({
    position: z.string().optional(),
    parts: z.array(part).min(1),
    rowCounts: z.record(z.string(), count),
    /** Snapshot of the instance that the cloud made beside it. */
    cloudSnapshot: z
      .strictObject({ kind: z.enum(["rds", "rds-cluster", "cloud-sql"]), id: z.string(), startedAt: instant })
      .optional(),
  }),
  files: z.strictObject({ references: count, bytes: count, shards: z.array(shard) }),
  /** Blobs new in this snapshot. */
  added: z.strictObject({ blobs: count, bytes: count }),
  /** Only of a partial snapshot: what Moodle refers to and no longer has. The first 1,000. */
  missing: z.strictObject({ blobs: count, bytes: count, hashes: z.array(sha1).max(1000) }).optional(),
});

export type Manifest = z.output<typeof manifestSchema>;
export type DumpPart = z.output<typeof part>;
export type ShardInfo = z.output<typeof shard>;
