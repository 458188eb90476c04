import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates } from "../../support/certificates";
import { describeKills } from "../../support/kills";
import { expectRecovery, GENERATED, runOnce, SECRETS } from "../../support/site";
import { MASTER, type Role, type World } from "./world";

/** In what the engines differ. */
export interface EngineTerms {
  /** What a login with a wrong password is answered with. */
  readonly wrongPassword: object;
  /** What the server's log has in place of a password. */
  readonly inPlaceOfPasswords: string;
  /** A database that the administrator may open. */
  readonly administratorsDatabase: string;
  /** The statement by which the superuser gives the administrator a password. */
  setAdministratorPassword(password: string): string;
}

/** What is promised on either engine. */
export function describeEitherEngine(world: () => World, terms: EngineTerms): void {
  test("a first run makes users that can do what they should and nothing else", async () => {
    await expectRecovery(world().site);
  });

  test("a run writes no password to its output or the server's log", async () => {
    const { site, aws, server } = world();
    const { output, errors } = await runOnce(site);
    const logs = output + errors + readFileSync(server.logFile, "utf8");
    const { adminPassword, upgradeKey } = aws.current(GENERATED.name);
    const passwords = (Object.keys(SECRETS) as Role[]).map((role) => world().stored(role).password);
    for (const secret of [...passwords, adminPassword, upgradeKey]) {
      expect(secret).toMatch(/.{20,}/);
      expect(logs).not.toContain(secret);
    }
    expect(logs).toContain(terms.inPlaceOfPasswords);
  });

  test("a further run sets the password that was changed in the store", async () => {
    const { site, aws, server } = world();
    await runOnce(site);
    const before = world().stored("backup");
    aws.put(SECRETS.backup, { ...before, password: "rotated-by-an-operator-1" });
    await world().run();
    await world().as("backup", "SELECT 1");
    await expect(server.as(before, "SELECT 1")).rejects.toMatchObject(terms.wrongPassword);
  });

  test("a wrong password is refused", async () => {
    await runOnce(world().site);
    const reader = world().stored("reader");
    await expect(world().server.as({ ...reader, password: `${reader.password}x` }, "SELECT 1")).rejects.toMatchObject(
      terms.wrongPassword,
    );
  });

  test("the user of an administrator is refused, by exit code 1", async () => {
    world().aws.put(SECRETS.reader, { username: MASTER.username, password: "another-password-of-it" });
    expect(await world().run()).toMatchObject({
      code: 1,
      output: expect.stringMatching(/is an administrator's (role|user)/),
    });
    await world().server.as(MASTER, "SELECT 1", terms.administratorsDatabase);
  });

  test("a server whose certificate another authority signed is refused at once and without a word to the store", async () => {
    const other = mkdtempSync(join(tmpdir(), "other-"));
    const { caFile } = makeCertificates(other);
    expect(await world().run({ caFile })).toMatchObject({ code: 1, output: expect.stringContaining("certificate") });
    expect(world().aws.secrets.get(SECRETS.application)).toEqual([]);
    rmSync(other, { recursive: true, force: true });
  });

  test("the master password of an instance that is busy at first is reset, and nothing else applied that waits", async () => {
    const { aws, server, site } = world();
    aws.setMasterPassword = async (password) => {
      await server.superuser(terms.setAdministratorPassword(password));
    };
    aws.refusedModifications = 2;
    aws.busyAnswers = 2;
    const administrator = {
      kind: "rds-reset-password",
      instanceIdentifier: "moodle-test",
      username: MASTER.username,
      region: "eu-central-1",
    };
    try {
      expect(await world().run({ administrator })).toMatchObject({ code: 0 });
      expect(aws.modifications.at(-1)?.ApplyImmediately).toBeUndefined();
      await site.verify();
    } finally {
      await server.superuser(terms.setAdministratorPassword(MASTER.password));
    }
  });

  describeKills(
    () => world().site,
    () => world().proxy,
  );
}
