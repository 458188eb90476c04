import { z } from "zod";

const text = z.string().min(1);
const prefix = z
  .string()
  .regex(/^(?!\/)/, "a text that does not begin with /")
  .default("")
  .describe("What all keys begin with: a folder with its last /, or ObjectFS's `key_prefix` as it is.");
const key = text.optional().describe("Key that encrypts what is written. Default: the bucket's.");

const s3 = z.strictObject({
  kind: z.literal("s3"),
  bucket: text.describe("Name of the bucket."),
  prefix,
  region: text.describe("Region of the bucket."),
  endpoint: z
    .url({ protocol: /^https?$/, error: "an http:// or https:// address" })
    .optional()
    .describe("Of an S3 server other than AWS."),
  kmsKeyId: key,
  roleArn: text
    .optional()
    .describe("Role to take on, for a bucket of another account. Default: the pod's own identity."),
});

const gcs = z.strictObject({
  kind: z.literal("gcs"),
  bucket: text.describe("Name of the bucket."),
  prefix,
  region: text.optional().describe("Where the bucket is; for people."),
  endpoint: z
    .url({ protocol: /^https?$/, error: "an http:// or https:// address" })
    .optional()
    .describe("Of an emulator or a private endpoint."),
  kmsKeyId: key.describe("Name of a Cloud KMS key that encrypts what is written. Default: the bucket's."),
});

const folder = z.strictObject({
  kind: z.literal("folder"),
  path: text.refine((path) => path.startsWith("/"), "an absolute path").describe("The folder."),
});

/** Where objects are: the same for the source and for the repository. Credentials come from the clients' own chains. */
export const storeSchema = z.discriminatedUnion("kind", [s3, gcs, folder]);

export type StoreConfiguration = z.output<typeof storeSchema>;
export type S3Configuration = z.output<typeof s3>;
export type GcsConfiguration = z.output<typeof gcs>;
export type FolderConfiguration = z.output<typeof folder>;
