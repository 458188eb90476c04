import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { z } from "zod";

const text = z.string().min(1);

const secretRef = z.strictObject({
  store: z.enum(["aws-secrets-manager", "google-secret-manager", "vault"]),
  name: text.describe("Name in the store; the value is one JSON object."),
});

/** A secret by its name in a store. */
export type SecretRef = z.output<typeof secretRef>;

const administrator = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("rds-managed-secret"), secretArn: text, region: text }),
  z.strictObject({ kind: z.literal("rds-reset-password"), instanceIdentifier: text, username: text, region: text }),
  z.strictObject({ kind: z.literal("cloud-sql-user"), project: text, instance: text, username: text }),
]);

/** How the program gets to act as administrator of the database. */
export type AdministratorConfiguration = z.output<typeof administrator>;

const vault = z.strictObject({
  address: z.url({ protocol: /^https$/, error: "an https:// address" }),
  mount: text.describe("Mount of the KV engine, version 2."),
  authMount: text.describe("Mount of the Kubernetes authentication method."),
  role: text.describe("Role of that method."),
  tokenFile: text.describe("Token of the pod's service account."),
  caFile: text.optional().describe("PEM of the authority that signs Vault's certificate. Default: public ones."),
});

/** Where Vault is, and how the pod's identity opens it. */
export type VaultConfiguration = z.output<typeof vault>;

/** Where each store named by a secret is. */
export const storesSchema = z.strictObject({
  "aws-secrets-manager": z.strictObject({ region: text }).optional(),
  "google-secret-manager": z.strictObject({ project: text }).optional(),
  vault: vault.optional(),
});

export type Stores = z.output<typeof storesSchema>;

/**
 * The configuration file. `charts/database-roles/values.schema.json` describes the same under `config`, but for the
 * paths of the files that the chart mounts; a test holds both equal.
 */
export const configurationSchema = z
  .strictObject({
    engine: z.enum(["postgresql", "mysql", "mariadb"]),
    host: text
      .refine((host) => isIP(host) === 0, "a host name: the server's certificate names no address")
      .describe("Host of the primary, as its certificate names it."),
    port: z.int().min(1).max(65535),
    database: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,62}$/, "a lower-case letter, then up to 62 lower-case letters, digits and _")
      .describe("Name of Moodle's database."),
    caFile: text.describe("PEM of the authorities that sign the server's certificate."),
    administrator,
    roles: z
      .strictObject({ application: secretRef, backup: secretRef, reader: secretRef })
      .describe("The secrets of the three roles; each holds `username` and `password`."),
    generated: z
      .array(
        z.strictObject({
          secret: secretRef,
          keys: z.array(z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/, "letters and digits, a letter first")).min(1),
        }),
      )
      .describe("Secrets whose keys are filled with random values where they are missing."),
    stores: storesSchema,
    deadlineSeconds: z.int().min(10).max(86400).default(600).describe("Seconds after which the program gives up."),
  })
  .superRefine((configuration, context) => {
    const refuse = (path: (string | number)[], message: string) =>
      context.addIssue({ code: "custom", path, message, input: undefined });

    for (const [path, { store }] of references(configuration)) {
      if (configuration.stores[store] === undefined) refuse([...path, "store"], `a store that \`stores\` describes`);
    }
    const seen = new Map<string, string>();
    for (const [path, { store, name }] of references(configuration)) {
      const other = seen.get(`${store} ${name}`);
      if (other !== undefined) refuse([...path, "name"], `a secret of its own; ${other} names it as well`);
      seen.set(`${store} ${name}`, path.join("."));
    }
  });

/** What the program is told. */
export type Configuration = z.output<typeof configurationSchema>;

/** A configuration that cannot work; the message names every fault. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";

  constructor(readonly faults: readonly string[]) {
    super(`the configuration has ${faults.length === 1 ? "1 fault" : `${faults.length} faults`}`);
  }
}

/** Reads and checks the configuration file and the files that it names. Throws `ConfigurationError`. */
export function loadConfiguration(path: string): { configuration: Configuration; caCertificates: string } {
  let input: unknown;
  try {
    input = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ConfigurationError([`${path}: ${(error as Error).message}`]);
  }
  const result = configurationSchema.safeParse(input, { reportInput: true });
  if (!result.success) throw new ConfigurationError(result.error.issues.map(describeIssue));

  const faults: string[] = [];
  const read = (field: string, file: string): string => {
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      faults.push(`${field}: ${(error as Error).message}`);
      return "";
    }
  };
  const caCertificates = read("caFile", result.data.caFile);
  if (faults.length === 0 && !caCertificates.includes("-----BEGIN CERTIFICATE-----")) {
    faults.push(`caFile: ${result.data.caFile} holds no PEM certificate`);
  }
  const { vault } = result.data.stores;
  if (vault !== undefined) {
    read("stores.vault.tokenFile", vault.tokenFile);
    if (vault.caFile !== undefined) read("stores.vault.caFile", vault.caFile);
  }
  if (faults.length > 0) throw new ConfigurationError(faults);
  return { configuration: result.data, caCertificates };
}

/** Every secret that the configuration names, with the path at which it does. */
function references({
  roles,
  generated,
}: {
  roles: Record<"application" | "backup" | "reader", SecretRef>;
  generated: { secret: SecretRef }[];
}): [path: (string | number)[], reference: SecretRef][] {
  return [
    ...Object.entries(roles).map(([role, secret]): [(string | number)[], SecretRef] => [["roles", role], secret]),
    ...generated.map(({ secret }, index): [(string | number)[], SecretRef] => [["generated", index, "secret"], secret]),
  ];
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.length === 0 ? "the file" : issue.path.join(".");
  const given =
    issue.input === undefined || typeof issue.input === "object" ? "" : `, given ${JSON.stringify(issue.input)}`;
  return `${path}: ${issue.message}${given}`;
}
