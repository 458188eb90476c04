import { readFileSync } from "node:fs";
import { request } from "node:https";
import type { VaultConfiguration } from "../configuration";
import { type Patience, retry } from "../retry";
import type { SecretStore, StoredSecret } from "../secrets";

interface Answer {
  readonly status: number;
  readonly body: {
    readonly auth?: { readonly client_token: string };
    readonly data?: {
      readonly data?: Record<string, unknown> | null;
      readonly metadata?: { readonly version: number };
    };
    readonly errors?: readonly string[];
  };
}

/**
 * The KV engine, version 2, of HashiCorp Vault, opened with the token of the pod's service account. Its role needs
 * `create`, `read` and `update` on `<mount>/data/<secret>`.
 * https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 */
export class Vault implements SecretStore {
  private readonly ca: string | undefined;
  private token: string | undefined;

  constructor(
    private readonly configuration: VaultConfiguration,
    private readonly patience: Patience,
  ) {
    this.ca = configuration.caFile === undefined ? undefined : readFileSync(configuration.caFile, "utf8");
  }

  async read(name: string, version?: string): Promise<StoredSecret> {
    const path = version === undefined ? this.path(name) : `${this.path(name)}?version=${encodeURIComponent(version)}`;
    const { status, body } = await this.call("GET", path);
    if (status !== 200 && status !== 404) throw refusal(`reading ${name}`, status, body);
    // A deleted version answers 404 with its metadata: the next write must still name it.
    return { version: String(body.data?.metadata?.version ?? 0), values: body.data?.data ?? {} };
  }

  /** With check-and-set: a write that names another version than the newest is refused. */
  async replace(name: string, values: Readonly<Record<string, unknown>>, previous: StoredSecret): Promise<boolean> {
    const cas = Number(previous.version);
    const { status, body } = await this.call("POST", this.path(name), { options: { cas }, data: values });
    if (status === 200) return true;
    if (status === 400 && body.errors?.some((error) => error.includes("check-and-set"))) return false;
    throw refusal(`writing ${name}`, status, body);
  }

  private path(name: string): string {
    return `${segments(this.configuration.mount)}/data/${segments(name)}`;
  }

  private async login(): Promise<string> {
    const { authMount, role, tokenFile } = this.configuration;
    const jwt = readFileSync(tokenFile, "utf8").trim();
    const { status, body } = await this.send("POST", `auth/${segments(authMount)}/login`, { role, jwt });
    if (body.auth === undefined) throw refusal(`logging in with role ${role}`, status, body);
    this.patience.log.conceal(body.auth.client_token);
    return body.auth.client_token;
  }

  private async call(method: "GET" | "POST", path: string, data?: unknown): Promise<Answer> {
    const known = this.token;
    this.token = known ?? (await this.login());
    const answer = await this.send(method, path, data, this.token);
    if (answer.status !== 403 || known === undefined) return answer;
    // An old token may have expired.
    this.token = await this.login();
    return this.send(method, path, data, this.token);
  }

  /** Sealed, standby and overloaded servers answer 429 or 5xx, and are asked again. */
  private async send(method: "GET" | "POST", path: string, data?: unknown, token?: string): Promise<Answer> {
    return retry("calling Vault", this.patience, isTransient, async () => {
      const answer = await this.exchange(method, path, data, token);
      if (answer.status === 429 || answer.status >= 500) throw new Unavailable(answer.status);
      return answer;
    });
  }

  private exchange(method: string, path: string, data?: unknown, token?: string): Promise<Answer> {
    const url = new URL(`v1/${path}`, `${this.configuration.address.replace(/\/?$/, "/")}`);
    const headers = { "content-type": "application/json", ...(token === undefined ? {} : { "x-vault-token": token }) };
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { method, headers, ca: this.ca, timeout: 15_000 }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          resolve({ status: incoming.statusCode ?? 0, body: parseAnswer(Buffer.concat(chunks).toString("utf8")) });
        });
      });
      outgoing.on("error", reject);
      outgoing.on("timeout", () => outgoing.destroy(new Unavailable("no answer within 15 s")));
      outgoing.end(data === undefined ? undefined : JSON.stringify(data));
    });
  }
}

class Unavailable extends Error {
  override readonly name = "VaultUnavailable";

  constructor(reason: number | string) {
    super(`Vault is not available: ${reason}`);
  }
}

function isTransient(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return (
    error instanceof Unavailable ||
    ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "EPIPE"].includes(code ?? "")
  );
}

/** A load balancer in front of Vault may answer with a page of its own. */
function parseAnswer(text: string): Answer["body"] {
  try {
    return JSON.parse(text) as Answer["body"];
  } catch {
    return {};
  }
}

function refusal(what: string, status: number, { errors = [] }: Answer["body"]): Error {
  return new Error(`Vault refused ${what}: ${[status, ...errors].join(", ")}`);
}

function segments(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
