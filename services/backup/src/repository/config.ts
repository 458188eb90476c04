import { z } from "zod";

/** `config.json`: written once, when the repository is made. */
export const repositoryConfigSchema = z.strictObject({
  format: z.literal(1),
  id: z.uuid(),
  createdAt: z.iso.datetime(),
  /** Ed25519, raw, base64url: whoever has it can check manifests and drills, and forge none. */
  publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

export type RepositoryConfig = z.output<typeof repositoryConfigSchema>;
