import { z } from "zod";
import { cloudSnapshotsSchema } from "../cloud-snapshots/configuration";
import { storeSchema } from "../stores/configuration";
import { retentionSchema } from "./retention";

const text = z.string().min(1);
const path = text.refine((value) => value.startsWith("/"), "an absolute path");
const count = (min: number, max: number) => z.int().min(min).max(max);

const serverFields = {
  engine: z.enum(["postgresql", "mysql", "mariadb"]).describe("What the server is."),
  host: text.describe("Host as its certificate names it; or the folder (PostgreSQL) or file (MySQL) of a socket."),
  port: count(1, 65535).optional().describe("Default: 5432 for PostgreSQL, else 3306."),
  tls: z
    .enum(["verify", "disable"])
    .default("verify")
    .describe("Whether TLS is used and the certificate verified; `disable` is for one machine. Sockets need none."),
  caFile: path.optional().describe("PEM of the authorities that sign the server's certificate. Default: the system's."),
  username: text.optional().describe("Username; or a file with it, in `usernameFile`."),
  usernameFile: path.optional().describe("File that holds the username, in place of `username`."),
  passwordFile: path.optional().describe("File that holds the password. Default: none, for sockets."),
};

const oneUsername = {
  check: ({ username, usernameFile }: { username?: string; usernameFile?: string }) =>
    (username === undefined) !== (usernameFile === undefined),
  message: "either username or usernameFile",
};

const server = z.strictObject(serverFields).refine(oneUsername.check, oneUsername.message);

const database = z
  .strictObject({
    ...serverFields,
    name: text.describe("Name of Moodle's database."),
    tablePrefix: z
      .string()
      .regex(/^[a-z0-9_]{0,10}$/, "up to 10 lower-case letters, digits and _")
      .default("mdl_")
      .describe("Moodle's `$CFG->prefix`."),
  })
  .refine(oneUsername.check, oneUsername.message);

const files = z.strictObject({
  objectStore: storeSchema.optional().describe("ObjectFS's bucket. Default: all files are in the folder."),
  directory: path
    .optional()
    .describe("Moodle's data folder, which holds `filedir`. Default: all files are in the bucket."),
});

/** What a percentage of all blobs is called in restic's words, such as `5%`. */
const subset = z.string().regex(/^(100|[0-9]{1,2}(\.[0-9]+)?)%$/, "a share such as 5%");

/**
 * The configuration of the program: one file, JSON or YAML, over which `MOODLE_BACKUP__<FIELD>[__<FIELD>]` are laid. The
 * CronJobs of the platform write the same file. Secrets are files that it names, never values in it.
 */
export const configurationSchema = z.strictObject({
  repository: storeSchema.describe("Where the backups are."),
  signing: z
    .strictObject({
      secretFile: path.optional().describe("The repository's secret. Only commands that write need it."),
      publicKey: z
        .string()
        .regex(/^[A-Za-z0-9_-]{43}$/, "43 characters, as `moodle-backup init` prints them")
        .optional()
        .describe("The public key to trust. Default: the one in the repository itself."),
    })
    .prefault({})
    .describe("The key by which snapshots, verifications and drills are signed."),
  database: database.optional().describe("The database to back up, opened by a role that only reads."),
  files: files.optional().describe("Moodle's files to back up."),
  cloudSnapshots: cloudSnapshotsSchema
    .optional()
    .describe("Snapshots that the cloud makes of the instance beside each of the program's. Default: none."),
  scratchDirectory: path
    .default("/var/tmp/moodle-backup")
    .describe("Folder for dumps on their way; each run empties what is its own in it."),
  lockDays: count(0, 36500).default(0).describe("Days during which nobody can delete what a snapshot needs."),
  retention: retentionSchema.prefault({}).describe("Which snapshots `prune` keeps."),
  graceHours: count(1, 8760).default(24).describe("Hours between marking and deleting."),
  readDataSubset: subset
    .default("0%")
    .describe("Share of all blobs that `verify` reads; the next run goes on from there."),
  drill: z
    .strictObject({
      server: server.optional().describe("Server on which drills make a database of their own."),
      sample: count(0, 1_000_000).default(500).describe("Files that a drill reads and compares with their SHA-1."),
    })
    .prefault({})
    .describe("How drills are made."),
  restore: z
    .strictObject({
      database: database.optional().describe("Empty database, opened by a role that may create tables."),
      files: files.optional().describe("Empty bucket, or empty folder."),
      wwwroot: z
        .url({ protocol: /^https?$/, error: "an http:// or https:// address" })
        .optional()
        .describe("Address of the restored site. Default: as it was."),
      anonymise: z
        .boolean()
        .default(false)
        .describe("Whether personal data is scrubbed, by rules for Moodle's own tables."),
      anonymiseFile: path.optional().describe("Rules for tables of plugins, in addition."),
    })
    .prefault({})
    .describe("Where a restore goes to."),
  lease: z
    .strictObject({
      seconds: count(30, 3600)
        .default(300)
        .describe("Seconds after which a lease that is not renewed may be taken over."),
      waitSeconds: count(0, 86400).default(0).describe("Seconds to wait for a lease that another run holds."),
    })
    .prefault({})
    .describe("The right to write and delete, which one run has at a time."),
  concurrency: count(1, 1024).default(32).describe("Objects under way at once."),
});

/** As it is written. */
export type ConfigurationInput = z.input<typeof configurationSchema>;
/** With every default filled in. */
export type Configuration = z.output<typeof configurationSchema>;
export type DatabaseConfiguration = z.output<typeof database>;
export type ServerConfiguration = z.output<typeof server>;
export type FilesConfiguration = z.output<typeof files>;

/** The share, 0 to 1, that a text such as `5%` names; nothing where it is no such text. */
export function shareOf(value: string): number | undefined {
  return subset.safeParse(value).success ? Number.parseFloat(value) / 100 : undefined;
}
