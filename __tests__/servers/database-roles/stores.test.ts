import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresqlInstallations } from "../../../scripts/site/programs";
import { AwsEmulator } from "../support/aws";
import { makeCertificates } from "../support/certificates";
import type { Emulator } from "../support/emulator";
import { GoogleEmulator } from "../support/google";
import { PostgresqlTestServer } from "../support/postgresql";
import { Program } from "../support/program";
import {
  emptySecrets,
  expectConcurrentRunsToAgree,
  expectRecovery,
  killAtSteps,
  ROLES,
  runOnce,
  SECRETS,
  type Site,
  secretsIn,
  type TestStore,
} from "../support/site";
import { VaultEmulator } from "../support/vault";

const MASTER = { username: "administrator", password: "the-administrator-password-1" };

const LIMIT = 900_000;

let server: PostgresqlTestServer;
let directory: string;
let tokenFile: string;

/** Every role logs in with the password that the store holds. */
async function expectLogins(store: TestStore): Promise<void> {
  for (const name of Object.values(SECRETS)) {
    const credentials = store.current(name) as { username: string; password: string };
    await server.as(credentials, "SELECT 1");
  }
}

function run(site: Site, changes: Record<string, unknown> = {}) {
  return new Program(site.directory, { ...(site.configuration as object), ...changes }, site.environment).ended;
}

const database = () => ({
  engine: "postgresql",
  host: "localhost",
  port: server.port,
  database: "moodle",
  caFile: server.certificates.caFile,
  deadlineSeconds: 60,
});

/** The same promises for each emulated service. */
function describeStoreKills(emulator: () => Emulator, site: () => Site): void {
  afterEach(() => emulator().restart());

  test.each(["before", "after"] as const)(
    "killed %s any call: the next run puts it right",
    async (moment) => {
      const steps = await killAtSteps(site(), (step, kill) => {
        emulator().restart((when, count) => {
          if (when === moment && count === step) kill();
        });
      });
      expect(steps).toBeGreaterThanOrEqual(8);
    },
    LIMIT,
  );

  test("two runs at once agree on every password", () => expectConcurrentRunsToAgree(site(), 4), LIMIT);
}

beforeAll(async () => {
  const [newest] = postgresqlInstallations();
  if (newest === undefined) throw new Error("no PostgreSQL is installed");
  server = await PostgresqlTestServer.start(newest.bin);
  directory = mkdtempSync(join(tmpdir(), "database-roles-"));
  tokenFile = join(directory, "token");
  writeFileSync(tokenFile, "pod-token");
  await server.superuser("CREATE ROLE cloudsqlsuperuser CREATEROLE CREATEDB");
  await server.superuser(`CREATE ROLE administrator LOGIN CREATEROLE CREATEDB PASSWORD '${MASTER.password}'`);
});

afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe("Google Cloud", () => {
  let google: GoogleEmulator;
  let site: Site;

  beforeAll(async () => {
    google = await new GoogleEmulator().start();
    google.setUser = async (name, password, exists) => {
      const statement = exists ? "ALTER" : "CREATE";
      const membership = exists ? "" : "IN ROLE cloudsqlsuperuser";
      await server.superuser(
        `${statement} ROLE ${name} LOGIN CREATEROLE CREATEDB PASSWORD '${password}' ${membership}`,
      );
    };
    site = {
      directory,
      environment: google.environment(),
      store: google,
      configuration: {
        ...database(),
        administrator: {
          kind: "cloud-sql-user",
          project: "test-project",
          instance: "moodle-test",
          username: "roles_administrator",
        },
        stores: { "google-secret-manager": { project: "test-project" } },
        ...secretsIn("google-secret-manager"),
      },
      reset: async () => {
        await server.reset([...ROLES, "roles_administrator"]);
        google.users.clear();
        google.secrets.clear();
        emptySecrets(google);
        // Made through the Admin API, a database belongs to the role that its users are members of.
        await server.superuser("CREATE DATABASE moodle OWNER cloudsqlsuperuser");
      },
      verify: () => expectLogins(google),
    };
  });

  beforeEach(() => site.reset());

  afterAll(() => google?.stop());

  test("makes the administrator when there is none, waits for the instance, and takes the database over", async () => {
    google.conflicts = 1;
    google.busyAnswers = 1;
    try {
      await expectRecovery(site);
    } finally {
      google.busyAnswers = 0;
    }
    const [row] = await server.superuser(
      "SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = 'moodle'",
    );
    expect(row).toEqual({ owner: "moodle" });
  });

  test("a version that `latest` does not show yet is read all the same", async () => {
    await runOnce(site);
    const { username, password } = google.current(SECRETS.reader);
    google.put(SECRETS.reader, { username, password: "rotated-by-an-operator-1" });
    google.lag = 1;
    try {
      expect(await run(site)).toMatchObject({ code: 0 });
    } finally {
      google.lag = 0;
    }
    expect(google.secrets.get(SECRETS.reader)).toHaveLength(2);
    await expectLogins(google);
    await expect(server.as({ username: username ?? "", password: password ?? "" }, "SELECT 1")).rejects.toMatchObject({
      code: "28P01",
    });
  });

  test("a version that was destroyed is not made up for", async () => {
    google.secrets.set(SECRETS.backup, [null]);
    const outcome = await run(site);
    expect(outcome).toMatchObject({
      code: 1,
      output: expect.stringContaining("version latest is disabled or destroyed"),
    });
    expect(google.secrets.get(SECRETS.backup)).toEqual([null]);
  });

  test("a secret that does not exist is named", async () => {
    google.secrets.delete(SECRETS.backup);
    expect(await run(site)).toMatchObject({
      code: 1,
      output: expect.stringMatching(/moodle-backup.*Terraform makes it/),
    });
  });

  describeStoreKills(
    () => google,
    () => site,
  );
});

describe("Vault", () => {
  let aws: AwsEmulator;
  let vault: VaultEmulator;
  let site: Site;

  beforeAll(async () => {
    const certificates = makeCertificates(directory);
    aws = await new AwsEmulator().start();
    aws.put("master", MASTER);
    vault = await new VaultEmulator().start(certificates);
    site = {
      directory,
      environment: aws.environment(tokenFile),
      store: vault,
      configuration: {
        ...database(),
        administrator: { kind: "rds-managed-secret", secretArn: "master", region: "eu-central-1" },
        stores: {
          vault: {
            address: `https://localhost:${vault.port}`,
            mount: "secret",
            authMount: "kubernetes",
            role: "moodle",
            tokenFile,
            caFile: certificates.caFile,
          },
        },
        ...secretsIn("vault"),
      },
      reset: async () => {
        await server.reset(ROLES);
        vault.secrets.clear();
        emptySecrets(vault);
      },
      verify: () => expectLogins(vault),
    };
  });

  beforeEach(() => site.reset());

  afterAll(async () => {
    await vault?.stop();
    await aws?.stop();
  });

  test("is asked again while it is sealed", async () => {
    vault.sealedAnswers = 2;
    await expectRecovery(site);
  });

  test("a deleted version is followed by a new one", async () => {
    await runOnce(site);
    vault.put(SECRETS.reader, null);
    expect(await run(site)).toMatchObject({ code: 0 });
    expect(vault.secrets.get(SECRETS.reader)).toHaveLength(3);
    await expectLogins(vault);
  });

  test("of two writers the first one wins", async () => {
    const first = { username: "moodle", password: "of-the-writer-that-was-first" };
    let intruded = false;
    vault.restart((moment) => {
      // Between this program's reading of the empty secret and its writing.
      if (intruded || moment !== "after" || vault.requests < 2) return;
      intruded = true;
      vault.put(SECRETS.application, first);
    });
    expect(await run(site)).toMatchObject({ code: 0, output: expect.stringContaining("another program wrote") });
    expect(vault.current(SECRETS.application)).toEqual(first);
    await expectLogins(vault);
  });

  test("a token that it does not know is refused, and not shown", async () => {
    const other = join(directory, "other-token");
    writeFileSync(other, "another-pods-token");
    const { stores } = site.configuration as { stores: { vault: object } };
    const outcome = await run(site, { stores: { vault: { ...stores.vault, tokenFile: other } } });
    expect(outcome).toMatchObject({ code: 1, output: expect.stringContaining("permission denied") });
    expect(outcome.output).not.toContain("another-pods-token");
  });

  describeStoreKills(
    () => vault,
    () => site,
  );
});
