import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ConfigurationError,
  loadConfiguration,
  readNamedFile,
} from "../../../../services/backup/src/configuration/load";
import { exitCodeOf } from "../../../../services/backup/src/errors";

const SECRET = "correct-horse-battery-staple";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "configuration-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

function write(content: unknown, name = "config.json"): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const repository = { kind: "s3", bucket: "backups", region: "eu-central-1" } as const;
const database = { engine: "postgresql", host: "db.example.edu", name: "moodle", username: "backup" };

function faultsOf(content: unknown, variables: Record<string, string> = {}): string {
  try {
    loadConfiguration(write(content), variables);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return "";
}

test("a repository alone is enough, and everything else has its default", () => {
  expect(loadConfiguration(write({ repository }), {})).toEqual({
    repository: { ...repository, prefix: "" },
    signing: {},
    scratchDirectory: "/var/tmp/moodle-backup",
    lockDays: 0,
    retention: {},
    graceHours: 24,
    readDataSubset: "0%",
    drill: { sample: 500 },
    restore: { anonymise: false },
    lease: { seconds: 300, waitSeconds: 0 },
    concurrency: 32,
  });
});

test("YAML is read as JSON is", () => {
  const yaml = write("repository:\n  kind: folder\n  path: /srv/backup\nlockDays: 7\n", "config.yaml");
  expect(loadConfiguration(yaml, {})).toMatchObject({ repository: { path: "/srv/backup" }, lockDays: 7 });
});

test("variables are laid over the file, each read as its field's type", () => {
  const variables = {
    MOODLE_BACKUP__DATABASE__HOST: "other.example.edu",
    MOODLE_BACKUP__DATABASE__PORT: "6432",
    MOODLE_BACKUP__REPOSITORY__BUCKET: "12345",
    MOODLE_BACKUP__SIGNING__SECRET_FILE: "/run/secrets/signing",
    MOODLE_BACKUP__RETENTION: '{"keepDaily": 3}',
  };
  expect(loadConfiguration(write({ repository, database }), variables)).toMatchObject({
    database: { host: "other.example.edu", port: 6432, name: "moodle" },
    repository: { bucket: "12345" },
    signing: { secretFile: "/run/secrets/signing" },
    retention: { keepDaily: 3 },
  });
});

test("variables alone are a configuration", () => {
  const variables = { MOODLE_BACKUP__REPOSITORY: JSON.stringify(repository), MOODLE_BACKUP__LOCK_DAYS: "30" };
  expect(loadConfiguration(undefined, variables)).toMatchObject({ repository, lockDays: 30 });
});

test("the file is where --config says, then where the variable says", () => {
  const chosen = write({ repository, lockDays: 1 }, "chosen.json");
  const named = write({ repository, lockDays: 2 }, "named.json");
  expect(loadConfiguration(chosen, { MOODLE_BACKUP_CONFIG: named }).lockDays).toBe(1);
  expect(loadConfiguration(undefined, { MOODLE_BACKUP_CONFIG: named }).lockDays).toBe(2);
});

test("every fault is named, with what was given and what is allowed", () => {
  const faults = faultsOf({
    repository: { kind: "ftp" },
    database: { ...database, engine: "oracle", port: 70_000 },
    lockDays: "many",
    readDataSubset: "5",
  });
  expect(faults.split("\n")).toHaveLength(5);
  expect(faults).toMatch(/config\.json: repository\.kind: "s3" or "gcs" or "folder", given "ftp"/);
  expect(faults).toMatch(/database\.engine: "postgresql" or "mysql" or "mariadb", given "oracle"/);
  expect(faults).toMatch(/database\.port: 65535 or less, given 70000/);
  expect(faults).toMatch(/lockDays: a value of type number, given "many"/);
  expect(faults).toMatch(/readDataSubset: a share such as 5%, given "5"/);
});

test.each([
  ["no username", { ...database, username: undefined }],
  ["two usernames", { ...database, usernameFile: "/run/secrets/username" }],
])("refuses a database with %s", (_, given) => {
  expect(faultsOf({ repository, database: given })).toMatch(/database: either username or usernameFile/);
});

test("a variable that sets no field is told which there are", () => {
  expect(faultsOf({ repository }, { MOODLE_BACKUP__DATABASE__HOSTNAME: "x" })).toMatch(
    /^MOODLE_BACKUP__DATABASE__HOSTNAME: no such field; .*database\.host, database\.port/,
  );
});

test("a missing file and one that is no configuration are told apart", () => {
  expect(() => loadConfiguration("/nowhere/config.json", {})).toThrow(/cannot be read \(ENOENT\); name another file/);
  expect(faultsOf("a: [1,\nb: {")).toMatch(/config\.json: line [0-9]+: neither JSON nor YAML$/);
  expect(faultsOf("just words")).toMatch(/a value of type object/);
});

test("a configuration that cannot work is not tried again", () => {
  expect(exitCodeOf(new ConfigurationError(["fault"]))).toBe(2);
});

describe("a secret that stands where none belongs is not repeated", () => {
  test.each([
    ["a password beside the file's name", { database: { ...database, password: SECRET } }],
    ["the password in place of its file", { database: { ...database, passwordFile: SECRET } }],
    ["the signing secret in place of its file", { signing: { secretFile: SECRET } }],
    ["a secret in place of an object", { signing: SECRET, database: SECRET, files: [SECRET] }],
  ])("%s", (_, given) => {
    const faults = faultsOf({ repository, ...given });
    expect(faults).not.toBe("");
    expect(faults).not.toContain(SECRET);
  });

  test("a line of a file that cannot be parsed", () => {
    expect(faultsOf(`repository: {\npassword: "${SECRET}`)).not.toContain(SECRET);
  });

  test("and the reader is told where it belongs", () => {
    expect(faultsOf({ repository, database: { ...database, password: SECRET } })).toMatch(
      /database\.password: no such field; secrets are files: name one in passwordFile/,
    );
  });
});

test("a named file is read without the end of its line, and refused where it is empty or absent", () => {
  expect(readNamedFile("database.passwordFile", write(`${SECRET}\n`, "password"))).toBe(SECRET);
  expect(() => readNamedFile("database.passwordFile", write("\n", "empty"))).toThrow(
    /^database\.passwordFile: .* is empty$/,
  );
  expect(() => readNamedFile("signing.secretFile", "/nowhere/secret")).toThrow(
    /^signing\.secretFile: \/nowhere\/secret cannot be read \(ENOENT\)$/,
  );
});
