import { type Answer, type EmulatedRequest, Emulator, json } from "./emulator";

/**
 * Google Cloud as this program sees it: the metadata server of GKE, from which a pod fetches its identity's token,
 * Secret Manager and the Cloud SQL Admin API.
 */
export class GoogleEmulator extends Emulator {
  /** Values of each secret that exists, by version from 1 on; null is a destroyed one. */
  readonly secrets = new Map<string, (string | null)[]>();
  /** By how many versions `latest` is behind. */
  lag = 0;
  /** Users of the instance, as the Admin API knows them. */
  readonly users = new Map<string, { host: string | undefined }>();
  /** Carries out what the Admin API is asked for. */
  setUser: (name: string, password: string, exists: boolean) => Promise<void> = async () => {};
  /** How often the instance answers that another operation is under way. */
  conflicts = 0;
  /** How often an operation is not done yet. */
  busyAnswers = 0;
  private pending: (() => Promise<void>) | undefined;
  private readonly operations = new Map<string, { polls: number; finish: () => Promise<void> }>();

  environment(): Record<string, string> {
    const base = `http://127.0.0.1:${this.port}`;
    return {
      GCE_METADATA_HOST: `127.0.0.1:${this.port}`,
      METADATA_SERVER_DETECTION: "assume-present",
      CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER: `${base}/`,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL: `${base}/`,
    };
  }

  current(name: string): Record<string, string> {
    const value = this.secrets.get(name)?.at(-1) ?? undefined;
    return value === undefined ? {} : JSON.parse(value);
  }

  put(name: string, value: unknown): void {
    this.secrets.set(name, [...(this.secrets.get(name) ?? []), JSON.stringify(value)]);
  }

  protected async answer(request: EmulatedRequest): Promise<Answer> {
    const { pathname } = request.url;
    if (pathname.startsWith("/computeMetadata/v1/")) return metadata(pathname, request);
    if (request.headers.authorization !== "Bearer pod-token") return fault(401, "UNAUTHENTICATED");
    const secret = /^\/v1\/projects\/test-project\/secrets\/([^/:]+)(?:\/versions\/(\w+):access|:addVersion)$/.exec(
      pathname,
    );
    if (secret?.[1] !== undefined) return this.secretManager(request, secret[1], secret[2]);
    if (pathname.startsWith("/v1/projects/test-project/instances/moodle-test/users")) return this.sqlUsers(request);
    const operation = this.operations.get(/^\/v1\/projects\/test-project\/operations\/(.+)$/.exec(pathname)?.[1] ?? "");
    if (operation === undefined) return fault(404, "NOT_FOUND");
    if (operation.polls-- > 0) return json(200, { status: "RUNNING" });
    await operation.finish();
    return json(200, { status: "DONE" });
  }

  private secretManager({ method, body }: EmulatedRequest, name: string, version: string | undefined): Answer {
    const versions = this.secrets.get(name);
    if (versions === undefined) return fault(404, "NOT_FOUND");
    const path = (number: number) => `projects/123456789012/secrets/${name}/versions/${number}`;
    if (version === undefined) {
      if (method !== "POST") return fault(405, "METHOD_NOT_ALLOWED");
      const { payload } = JSON.parse(body) as { payload: { data: string } };
      versions.push(Buffer.from(payload.data, "base64").toString("utf8"));
      return json(200, { name: path(versions.length), state: "ENABLED" });
    }
    const number = version === "latest" ? versions.length - this.lag : Number(version);
    const value = versions[number - 1];
    if (value === undefined) return fault(404, "NOT_FOUND");
    if (value === null) return fault(400, "FAILED_PRECONDITION");
    return json(200, { name: path(number), payload: { data: Buffer.from(value).toString("base64") } });
  }

  private sqlUsers({ method, url, body }: EmulatedRequest): Answer {
    if (method === "GET") {
      return json(200, { items: [...this.users].map(([name, { host }]) => ({ name, host: host ?? "" })) });
    }
    // An instance carries out one operation at a time, and ends it even if nobody asks for it any more.
    if (this.pending !== undefined) void this.pending();
    if (this.pending !== undefined || this.conflicts-- > 0) return fault(409, "operationInProgress");
    const user = JSON.parse(body) as { name: string; host?: string; password: string };
    const exists = this.users.has(user.name);
    const named = url.searchParams.get("name");
    if (method === "PUT" && (!exists || named !== user.name)) return fault(404, "NOT_FOUND");
    if (method === "POST" && exists) return fault(400, "INVALID_ARGUMENT");
    const name = `operation-${this.operations.size}`;
    let done: Promise<void> | undefined;
    const carryOut = async () => {
      await this.setUser(user.name, user.password, exists);
      this.users.set(user.name, { host: user.host });
      this.pending = undefined;
    };
    const finish = () => (done ??= carryOut());
    this.pending = finish;
    this.operations.set(name, { polls: this.busyAnswers, finish });
    return json(200, { name, status: "PENDING" });
  }
}

function metadata(pathname: string, { headers }: EmulatedRequest): Answer {
  if (headers["metadata-flavor"] !== "Google") return { status: 403, body: "" };
  const answer = (type: string, body: string) => ({
    status: 200,
    headers: { "metadata-flavor": "Google", "content-type": type },
    body,
  });
  if (pathname.endsWith("/token")) {
    const token = { access_token: "pod-token", expires_in: 3600, token_type: "Bearer" };
    return answer("application/json", JSON.stringify(token));
  }
  if (pathname.endsWith("/project-id")) return answer("application/text", "test-project");
  if (pathname.endsWith("/universe-domain")) return answer("application/text", "googleapis.com");
  return { status: 404, headers: { "metadata-flavor": "Google" }, body: "" };
}

function fault(code: number, status: string): Answer {
  return json(code, { error: { code, status, message: status } });
}
