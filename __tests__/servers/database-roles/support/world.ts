import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsEmulator } from "../../support/aws";
import type { Certificates } from "../../support/certificates";
import { type Outcome, Program } from "../../support/program";
import { CountingProxy } from "../../support/proxy";
import { emptySecrets, ROLES, SECRETS, type Site, secretsIn } from "../../support/site";

export type Role = keyof typeof SECRETS;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export const MASTER: Credentials = { username: "administrator", password: "the-administrator-password-1" };

/** What both engines' servers are in a test. */
export interface DatabaseServer {
  readonly port: number;
  readonly certificates: Certificates;
  readonly logFile: string;
  superuser(sql: string, database?: string): Promise<unknown[]>;
  as(credentials: Credentials, sql: string, database?: string): Promise<unknown[]>;
  reset(names: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** A server of one engine behind a proxy, secrets in an emulated Secrets Manager, and the configuration that joins them. */
export class World<Server extends DatabaseServer = DatabaseServer> {
  readonly directory = mkdtempSync(join(tmpdir(), "database-roles-"));
  readonly site: Site;

  private constructor(
    engine: string,
    readonly server: Server,
    readonly proxy: CountingProxy,
    readonly aws: AwsEmulator,
    verify: (world: World<Server>) => Promise<void>,
  ) {
    const tokenFile = join(this.directory, "token");
    writeFileSync(tokenFile, "pod-token");
    this.site = {
      directory: this.directory,
      environment: aws.environment(tokenFile),
      store: aws,
      configuration: {
        engine,
        host: "localhost",
        port: proxy.port,
        database: "moodle",
        caFile: server.certificates.caFile,
        administrator: { kind: "rds-managed-secret", secretArn: "master", region: "eu-central-1" },
        stores: { "aws-secrets-manager": { region: "eu-central-1" } },
        ...secretsIn("aws-secrets-manager"),
        deadlineSeconds: 60,
      },
      reset: async () => {
        await server.reset(ROLES);
        aws.secrets.clear();
        emptySecrets(aws);
        aws.put("master", MASTER);
      },
      verify: () => verify(this),
    };
  }

  static async start<Server extends DatabaseServer>(
    engine: string,
    server: Server,
    verify: (world: World<Server>) => Promise<void>,
  ): Promise<World<Server>> {
    return new World(engine, server, await CountingProxy.start(server.port), await new AwsEmulator().start(), verify);
  }

  stored(role: Role): Credentials {
    return this.aws.current(SECRETS[role]) as unknown as Credentials;
  }

  as(role: Role, sql: string): ReturnType<Server["as"]> {
    return this.server.as(this.stored(role), sql) as ReturnType<Server["as"]>;
  }

  /** One run, with `changes` in its configuration. */
  run(changes: Record<string, unknown> = {}): Promise<Outcome> {
    const configuration = { ...(this.site.configuration as object), ...changes };
    return new Program(this.directory, configuration, this.site.environment).ended;
  }

  /** What every role may do with Moodle's tables on either engine. */
  async verifyPrivileges(table: string, refused: (role: Role, sql: string) => Promise<void>): Promise<void> {
    await this.as("application", table);
    await this.as("application", "INSERT INTO mdl_probe (name) VALUES ('one')");
    for (const role of ["backup", "reader"] as const) {
      expect(await this.as(role, "SELECT name FROM mdl_probe")).toEqual([{ name: "one" }]);
      await refused(role, "INSERT INTO mdl_probe (name) VALUES ('two')");
      await refused(role, "CREATE TABLE mdl_other (id int)");
    }
    await this.as("application", "DROP TABLE mdl_probe");
  }

  async stop(): Promise<void> {
    await this.aws.stop();
    await this.proxy.stop();
    await this.server.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
