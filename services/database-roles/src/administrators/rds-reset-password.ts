import { type DBInstance, DescribeDBInstancesCommand, ModifyDBInstanceCommand, RDSClient } from "@aws-sdk/client-rds";
import type { AdministratorConfiguration } from "../configuration";
import { errorCode } from "../log";
import { generatePassword } from "../password";
import { type Patience, retry, until } from "../retry";
import type { Credentials } from "../secrets";
import type { Administrator } from "./administrator";

/**
 * The master user of an instance that has stand-alone replicas, where RDS cannot manage the password: each run sets a
 * fresh one that nobody else learns. Needs `rds:ModifyDBInstance` and `rds:DescribeDBInstances` on the instance.
 */
export class RdsResetPassword implements Administrator {
  /** RDS may still be setting the password when it calls the instance available, or another run has set its own. */
  readonly patience = 6;
  private readonly client: RDSClient;

  constructor(
    private readonly configuration: AdministratorConfiguration & { kind: "rds-reset-password" },
    private readonly context: Patience,
  ) {
    this.client = new RDSClient({
      region: configuration.region,
      maxAttempts: 5,
      requestHandler: { connectionTimeout: 5_000, requestTimeout: 15_000 },
    });
  }

  /**
   * Without `ApplyImmediately`: a password is set at once in any case, and that flag would also apply whatever else
   * waits for the maintenance window.
   * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
   */
  async credentials(): Promise<Credentials> {
    const { instanceIdentifier, username } = this.configuration;
    const password = generatePassword();
    this.context.log.conceal(password);
    await retry(
      `setting the password of ${username}`,
      this.context,
      (error) => errorCode(error) === "InvalidDBInstanceState" || errorCode(error) === "InvalidDBInstanceStateFault",
      () =>
        this.client.send(
          new ModifyDBInstanceCommand({ DBInstanceIdentifier: instanceIdentifier, MasterUserPassword: password }),
        ),
    );
    await until(`the change of ${instanceIdentifier}`, this.context, async () => {
      const instance = await this.describe();
      const settled =
        instance.DBInstanceStatus === "available" && instance.PendingModifiedValues?.MasterUserPassword === undefined;
      return settled ? instance : undefined;
    });
    this.context.log.info("set the master user's password", { instance: instanceIdentifier, username });
    return { username, password };
  }

  private async describe(): Promise<DBInstance> {
    const { instanceIdentifier } = this.configuration;
    const { DBInstances = [] } = await this.client.send(
      new DescribeDBInstancesCommand({ DBInstanceIdentifier: instanceIdentifier }),
    );
    const [instance] = DBInstances;
    if (instance === undefined) throw new Error(`there is no RDS instance ${instanceIdentifier}`);
    return instance;
  }
}
