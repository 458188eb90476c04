import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import {
  type Configuration,
  ConfigurationError,
  configurationSchema,
  loadConfiguration,
} from "../../../services/database-roles/src/configuration";

const PEM = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

const secret = (name: string) => ({ store: "aws-secrets-manager", name });

const valid = {
  engine: "postgresql",
  host: "database.example.edu",
  port: 5432,
  database: "moodle",
  administrator: { kind: "rds-managed-secret", secretArn: "arn:aws:secretsmanager:…", region: "eu-central-1" },
  roles: { application: secret("application"), backup: secret("backup"), reader: secret("reader") },
  generated: [{ secret: secret("site"), keys: ["adminPassword"] }],
  stores: { "aws-secrets-manager": { region: "eu-central-1" } },
};

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "configuration-"));
  writeFileSync(join(directory, "ca.pem"), PEM);
});

afterAll(() => rmSync(directory, { recursive: true }));

function load(configuration: unknown): Configuration {
  const path = join(directory, "config.json");
  writeFileSync(path, typeof configuration === "string" ? configuration : JSON.stringify(configuration));
  return loadConfiguration(path).configuration;
}

function faultsOf(configuration: unknown): readonly string[] {
  try {
    load(configuration);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

const withCa = (changes: Record<string, unknown> = {}) => ({ ...valid, caFile: join(directory, "ca.pem"), ...changes });

test("a valid file is taken as it is, with a deadline of ten minutes", () => {
  expect(load(withCa())).toEqual({ ...withCa(), deadlineSeconds: 600 });
});

test("every fault is named, by its path and with what was given", () => {
  const faults = faultsOf(withCa({ engine: "oracle", port: 70_000, database: "Moodle", unknown: 1 }));
  expect(faults).toHaveLength(4);
  expect(faults.join("\n")).toMatch(/engine: .*, given "oracle"/);
  expect(faults.join("\n")).toMatch(/port: .*65535.*, given 70000/);
  expect(faults.join("\n")).toMatch(/database: a lower-case letter.*, given "Moodle"/);
  expect(faults.join("\n")).toMatch(/unknown/);
});

test.each([
  ["an address in place of a host name", { host: "10.0.0.1" }, /^host: a host name/],
  ["a store that is not described", { stores: {} }, /^roles\.application\.store: a store that `stores` describes/],
  [
    "one secret for two roles",
    { roles: { ...valid.roles, reader: secret("backup") } },
    /^roles\.reader\.name: .*roles\.backup names it/,
  ],
  [
    "a role's secret among the generated ones",
    { generated: [{ secret: secret("reader"), keys: ["key"] }] },
    /^generated\.0\.secret\.name: /,
  ],
  ["a missing file of authorities", { caFile: "/nowhere/ca.pem" }, /^caFile: ENOENT/],
  ["an unknown kind of administrator", { administrator: { kind: "root" } }, /^administrator\.kind: /],
])("refuses %s", (_, changes, fault) => {
  expect(faultsOf(withCa(changes))).toContainEqual(expect.stringMatching(fault));
});

test("refuses a file of authorities that holds no certificate", () => {
  const caFile = join(directory, "empty.pem");
  writeFileSync(caFile, "");
  expect(faultsOf(withCa({ caFile }))).toEqual([expect.stringContaining("no PEM certificate")]);
});

test("refuses a file that is no JSON", () => {
  expect(faultsOf("{")).toEqual([expect.stringContaining("config.json")]);
});

/** Names of properties, which are required, and allowed values: what two descriptions of one file must share. */
type Outline = { [path: string]: string };

interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
}

function outline(schema: JsonSchema, definitions: Readonly<Record<string, JsonSchema>>, path = ""): Outline {
  const target = schema.$ref?.split("/").at(-1);
  if (target !== undefined) return outline(definitions[target] ?? {}, definitions, path);
  const result: Outline = {};
  if (schema.const ?? schema.enum) result[path] = JSON.stringify(schema.enum ?? [schema.const]);
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    result[`${path}.${name}`] = schema.required?.includes(name) ? "required" : "optional";
    Object.assign(result, outline(child, definitions, `${path}.${name}`));
  }
  if (schema.items) Object.assign(result, outline(schema.items, definitions, `${path}[]`));
  for (const choice of schema.oneOf ?? []) {
    const kind = choice.properties?.kind?.const ?? "";
    Object.assign(result, outline(choice, definitions, `${path}(${kind})`));
  }
  return result;
}

test("the chart describes the same file, but for what it mounts or works out itself", () => {
  const path = join(__dirname, "../../../charts/database-roles/values.schema.json");
  const chart = JSON.parse(readFileSync(path, "utf8"));
  const described = outline(chart.properties.config, chart.definitions);
  const read = outline(z.toJSONSchema(configurationSchema, { io: "input" }) as JsonSchema, {});

  const mounted = [".caFile", ".deadlineSeconds", ".stores.vault.tokenFile", ".stores.vault.caFile"];
  for (const added of mounted) expect(read).toHaveProperty([added]);
  for (const added of mounted) delete read[added];
  expect(described).toHaveProperty([".stores.vault.caCertificates"]);
  delete described[".stores.vault.caCertificates"];
  expect(described).toEqual(read);
});
