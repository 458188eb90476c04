import { randomUUID } from "node:crypto";
import { type Answer, type EmulatedRequest, Emulator } from "./emulator";

interface Version {
  readonly id: string;
  readonly value: string;
}

/**
 * AWS as this program sees it: Secrets Manager (JSON 1.1), RDS (query protocol), and the agent from which a pod fetches
 * the credentials of its identity.
 */
export class AwsEmulator extends Emulator {
  /** Versions of each secret that exists, the current one last. */
  readonly secrets = new Map<string, Version[]>();
  /** Carries out a reset of the master password. */
  setMasterPassword: (password: string) => Promise<void> = async () => {};
  /** How often RDS refuses a change because of another one. */
  refusedModifications = 0;
  /** How often RDS says that it is still setting the password. */
  busyAnswers = 0;
  readonly modifications: Record<string, string>[] = [];
  private busy = 0;
  private pending: string | undefined;

  /** For the program. Tokens and regions are what the agent of EKS Pod Identity gives a pod. */
  environment(tokenFile: string): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${this.port}`,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${this.port}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    };
  }

  current(name: string): Record<string, string> {
    const value = this.secrets.get(name)?.at(-1)?.value;
    return value === undefined ? {} : JSON.parse(value);
  }

  put(name: string, value: unknown): void {
    this.secrets.set(name, [
      ...(this.secrets.get(name) ?? []),
      { id: randomUUID(), value: typeof value === "string" ? value : JSON.stringify(value) },
    ]);
  }

  protected async answer(request: EmulatedRequest): Promise<Answer> {
    if (request.url.pathname === "/v1/credentials") return this.credentials(request);
    if (!request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/")) {
      return failure("UnrecognizedClientException", "the security token is invalid");
    }
    const target = request.headers["x-amz-target"];
    if (typeof target === "string") return this.secretsManager(target, JSON.parse(request.body));
    return this.rds(Object.fromEntries(new URLSearchParams(request.body)));
  }

  private credentials({ headers }: EmulatedRequest): Answer {
    if (headers.authorization !== "pod-token") return { status: 401, body: "" };
    const body = JSON.stringify({
      AccessKeyId: "ASIAEXAMPLE",
      SecretAccessKey: "example",
      Token: "example",
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    });
    return { status: 200, headers: { "content-type": "application/json" }, body };
  }

  private secretsManager(target: string, input: Record<string, string>): Answer {
    const versions = this.secrets.get(input.SecretId ?? "");
    const notFound = failure("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    if (target === "secretsmanager.GetSecretValue") {
      const version = versions?.at(-1);
      if (version === undefined) return notFound;
      return success({ Name: input.SecretId, SecretString: version.value, VersionId: version.id });
    }
    if (target === "secretsmanager.PutSecretValue") {
      const { ClientRequestToken: id = "", SecretString: value = "" } = input;
      if (versions === undefined) return notFound;
      if (id.length < 32 || id.length > 64) return failure("ValidationException", "ClientRequestToken");
      const same = versions.find((version) => version.id === id);
      if (same === undefined) versions.push({ id, value });
      else if (same.value !== value) return failure("ResourceExistsException", `a version ${id} exists`);
      return success({ Name: input.SecretId, VersionId: id, VersionStages: ["AWSCURRENT"] });
    }
    return failure("AccessDeniedException", `no permission for ${target}`);
  }

  private async rds(input: Record<string, string>): Promise<Answer> {
    if (input.DBInstanceIdentifier !== "moodle-test") return rdsFailure("DBInstanceNotFound", 404);
    if (input.Action === "ModifyDBInstance") {
      if (this.busy > 0 || this.refusedModifications-- > 0) return rdsFailure("InvalidDBInstanceState", 400);
      this.modifications.push(input);
      this.pending = input.MasterUserPassword;
      this.busy = this.busyAnswers;
    } else if (this.busy > 0) this.busy--;
    else if (this.pending !== undefined) {
      await this.setMasterPassword(this.pending);
      this.pending = undefined;
    }
    const status = this.busy > 0 ? "resetting-master-credentials" : "available";
    const waiting = this.pending === undefined ? "" : "<MasterUserPassword>****</MasterUserPassword>";
    const instance = `<DBInstance><DBInstanceIdentifier>moodle-test</DBInstanceIdentifier><DBInstanceStatus>${status}</DBInstanceStatus><PendingModifiedValues>${waiting}</PendingModifiedValues></DBInstance>`;
    const result = input.Action === "ModifyDBInstance" ? instance : `<DBInstances>${instance}</DBInstances>`;
    return xml(
      200,
      `<${input.Action}Response xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><${input.Action}Result>${result}</${input.Action}Result></${input.Action}Response>`,
    );
  }
}

function success(value: unknown): Answer {
  return { status: 200, headers: { "content-type": "application/x-amz-json-1.1" }, body: JSON.stringify(value) };
}

function failure(type: string, message: string): Answer {
  const body = JSON.stringify({ __type: type, Message: message });
  return { status: 400, headers: { "content-type": "application/x-amz-json-1.1" }, body };
}

function xml(status: number, body: string): Answer {
  return { status, headers: { "content-type": "text/xml" }, body };
}

function rdsFailure(code: string, status: number): Answer {
  return xml(
    status,
    `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${code}</Message></Error></ErrorResponse>`,
  );
}
