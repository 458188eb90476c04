/** Another login at the database, from the store to the pods of a site, by the operator as a process. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { postgresqlInstallations } from "../../scripts/site/programs";
import { MotoServer } from "../servers/support/moto";
import { PostgresqlTestServer } from "../servers/support/postgresql";
import * as ports from "../support/ports";
import type { Resource } from "../support/template";
import { apply } from "./support/apply";
import { cluster, condition, OperatorUnderTest, revisions, type Started } from "./support/operator";
import { describeOnTestbed, get, kubectl } from "./support/testbed";

const SITES = "rotating";
const BLUE = { username: "moodle_blue", password: "the-password-of-blue-1" };
const GREEN = { username: "moodle_green", password: "the-password-of-green-1" };

const folder = mkdtempSync(join(tmpdir(), "stores-"));
const stores = join(folder, "stores.json");

const operator = new OperatorUnderTest({
  namespace: "operator-credentials",
  sites: [SITES],
  args: ["--stores", stores, "--credentials-seconds", "10"],
});

const current = (wanted: string) => condition("moodlecluster", "site", SITES, `CredentialsCurrent=${wanted}`);

const restartedAt = async () => {
  const { spec } = await get(["deployment", "site-web"], SITES);
  return spec.template.metadata.annotations["moodleplatform.io/restarted-at"] as string | undefined;
};

const askedVersions = async () => {
  const { spec } = await get(["externalsecret", "site-database"], SITES);
  return [...new Set(spec.data.map(({ remoteRef }: Resource) => remoteRef.version))];
};

/** Plays External Secrets: it has copied what it is asked for. */
async function copySecret(): Promise<void> {
  const { metadata } = await get(["externalsecret", "site-database"], SITES);
  const conditions = [{ type: "Ready", status: "True" }];
  const status = JSON.stringify({ status: { syncedResourceVersion: `${metadata.generation}-abc`, conditions } });
  const patch = ["--subresource=status", "--type=merge", "--patch", status];
  await kubectl(["patch", "externalsecret", "site-database", "--namespace", SITES, ...patch]);
}

describeOnTestbed("a login under moodle-operator", () => {
  let postgresql: PostgresqlTestServer;
  let moto: MotoServer;
  let client: SecretsManagerClient;
  let process1: Started;
  const key = ports.database("postgresql").secrets.application.name;

  const put = async (value: object) => {
    const { VersionId } = await client.send(
      new PutSecretValueCommand({ SecretId: key, SecretString: JSON.stringify(value) }),
    );
    return VersionId ?? "";
  };

  beforeAll(async () => {
    const [newest] = postgresqlInstallations();
    if (newest === undefined) throw new Error("no PostgreSQL is installed");
    [postgresql, moto] = await Promise.all([PostgresqlTestServer.start(newest.bin), MotoServer.start()]);
    Object.assign(process.env, moto.environment());
    client = new SecretsManagerClient({ region: "eu-central-1" });
    await client.send(new CreateSecretCommand({ Name: key }));
    await postgresql.superuser("CREATE ROLE moodle");
    await postgresql.superuser("CREATE DATABASE moodle OWNER moodle");
    for (const { username, password } of [BLUE, GREEN]) {
      await postgresql.superuser(`CREATE ROLE ${username} LOGIN PASSWORD '${password}' IN ROLE moodle`);
    }
    await postgresql.superuser("SET ROLE moodle; CREATE TABLE mdl_config (id int)", "moodle");
    writeFileSync(stores, JSON.stringify({ "aws-secrets-manager": { region: "eu-central-1" } }));
    await operator.install();
    process1 = await operator.start();
  });
  afterAll(async () => {
    await operator.uninstall();
    await Promise.all([postgresql?.stop(), moto?.stop()]);
    rmSync(folder, { recursive: true });
  });

  test("a site begins with the version that works, and is given it by name", async () => {
    const first = await put(BLUE);
    const { port, certificates } = postgresql;
    const database = { ...ports.database("postgresql"), host: "localhost", port, databaseName: "moodle" };
    const props = { database: { ...database, caCertificates: certificates.ca, readerHosts: [] } };
    await apply(cluster("site", SITES, {}, {}, props), SITES);
    await condition("moodlecluster", "site", SITES, "Ready=True:Available");
    const { status } = await current("True:Current");
    expect(status.logins).toEqual([{ name: "database", key, version: first, phase: "InUse" }]);
    expect(await askedVersions()).toEqual([`uuid/${first}`]);
    expect(await restartedAt()).toBeUndefined();
    expect(await revisions("site", SITES)).toEqual(["1 deployed"]);
  });

  test("a bad version is refused, with a condition, an event and a metric, and changes nothing", async () => {
    await put({ ...GREEN, password: "not-the-password-of-green" });
    await current("False:LoginRefused");
    expect(await revisions("site", SITES)).toEqual(["1 deployed"]);
    const { items } = await get(["events.events.k8s.io"], SITES);
    expect(items).toContainEqual(expect.objectContaining({ type: "Warning", reason: "LoginRefused" }));
    const metrics = await (await fetch(`http://127.0.0.1:${process1.port}/metrics`)).text();
    expect(metrics).toMatch(/moodle_operator_condition\{[^}]*"site",condition="CredentialsCurrent",status="False"\} 1/);
    const told = JSON.stringify(items) + operator.log + JSON.stringify(await get(["moodlecluster", "site"], SITES));
    for (const secret of [BLUE, GREEN].flatMap(Object.values)) expect(told).not.toContain(secret);
  });

  test("a new version is copied first, then pods are replaced, and then it is in use", async () => {
    const third = await put(GREEN);
    await current("False:Synchronizing");
    while ((await askedVersions())[0] !== `uuid/${third}`) await sleep(500);
    await condition("moodlecluster", "site", SITES, "Ready=True:Available");
    expect(await restartedAt()).toBeUndefined();
    await copySecret();
    const { status } = await current("True:Current");
    expect(status.logins).toEqual([expect.objectContaining({ version: third, phase: "InUse" })]);
    expect(await restartedAt()).toBe(status.logins[0].restartedAt);
    expect(await revisions("site", SITES)).toEqual(["3 deployed", "2 superseded", "1 superseded"]);
  });
});
