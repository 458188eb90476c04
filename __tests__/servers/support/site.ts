import type { Emulator } from "./emulator";
import { type Outcome, Program } from "./program";

/** Names of a site's secrets in the store. */
export const SECRETS = { application: "moodle-application", backup: "moodle-backup", reader: "moodle-reader" } as const;

/** Of the secret that the program fills beside the roles'. */
export const GENERATED = { name: "moodle-site", keys: ["adminPassword", "upgradeKey"] } as const;

/** Roles that a run makes. */
export const ROLES = ["moodle", "moodle_backup", "moodle_reader"] as const;

/** A store that tests can look into. */
export interface TestStore extends Emulator {
  /** Every version of each secret that exists. */
  readonly secrets: Map<string, unknown[]>;
  current(name: string): Record<string, string>;
}

/** Makes every secret exist and hold nothing, as Terraform does. */
export function emptySecrets(store: TestStore): void {
  for (const name of [...Object.values(SECRETS), GENERATED.name]) store.secrets.set(name, []);
}

/** The part of a configuration that names secrets. */
export function secretsIn(store: "aws-secrets-manager" | "google-secret-manager" | "vault") {
  const secret = (name: string) => ({ store, name });
  return {
    roles: {
      application: secret(SECRETS.application),
      backup: secret(SECRETS.backup),
      reader: secret(SECRETS.reader),
    },
    generated: [{ secret: secret(GENERATED.name), keys: GENERATED.keys }],
  };
}

/** A database, a store and a configuration that joins them: what the scenarios below need to know. */
export interface Site {
  readonly directory: string;
  readonly configuration: unknown;
  readonly environment: Readonly<Record<string, string>>;
  readonly store: TestStore;
  /** Brings database and store back to what they were before the first run. */
  reset(): Promise<void>;
  /** Throws unless each role can do with the stored password what it should, and nothing else. */
  verify(): Promise<void>;
}

export function start(site: Site): Program {
  return new Program(site.directory, site.configuration, site.environment);
}

export async function runOnce(site: Site): Promise<Outcome> {
  return start(site).ended;
}

/** A plain run must succeed and leave store and database in agreement, with one version of each secret. */
export async function expectRecovery(site: Site): Promise<void> {
  const outcome = await runOnce(site);
  if (outcome.code !== 0) throw new Error(`the run after the kill failed:\n${outcome.output}${outcome.errors}`);
  await expectAgreement(site);
}

export async function expectAgreement(site: Site): Promise<void> {
  await site.verify();
  for (const name of [...Object.values(SECRETS), GENERATED.name]) {
    expect({ name, versions: site.store.secrets.get(name)?.length }).toEqual({ name, versions: 1 });
  }
}

/** Steps from one kill to the next: some by default, for each takes its time. With `KILL_STRIDE=1` it is a proof. */
const STRIDE = Number(process.env.KILL_STRIDE ?? "8");

/**
 * Kills a run at its first step, one after it and so on until one gets through unharmed, and checks the recovery each time.
 * `arm` arranges that `kill` is called at that step. Returns at which step nothing was left to kill.
 */
export async function killAtSteps(site: Site, arm: (step: number, kill: () => void) => void): Promise<number> {
  for (let step = 1; ; step += STRIDE) {
    await site.reset();
    let program: Program | undefined;
    arm(step, () => program?.kill());
    program = start(site);
    const { signal, code, output } = await program.ended;
    arm(0, () => {});
    if (signal === null) {
      if (code !== 0) throw new Error(`the run that nobody killed failed:\n${output}`);
      await expectAgreement(site);
      return step;
    }
    await expectRecovery(site);
  }
}

/** Kills runs at pseudo-random times. */
export async function killAtRandomTimes(site: Site, runs: number, longest: number): Promise<void> {
  let seed = 20_260_101;
  for (let run = 0; run < runs; run++) {
    await site.reset();
    seed = (seed * 48_271) % 2_147_483_647;
    const program = start(site);
    const timer = setTimeout(() => program.kill(), 200 + (seed % longest));
    await program.ended;
    clearTimeout(timer);
    await expectRecovery(site);
  }
}

/** Two runs started together, several times over. */
export async function expectConcurrentRunsToAgree(site: Site, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    await site.reset();
    const outcomes = await Promise.all([runOnce(site), runOnce(site)]);
    for (const { code, output } of outcomes) if (code !== 0) throw new Error(`one of two runs failed:\n${output}`);
    await expectAgreement(site);
  }
}
