import { createHash, createHmac, randomBytes } from "node:crypto";
import { type Answer, type EmulatedRequest, Emulator, json } from "../../servers/support/emulator";

const TOKEN = "token-of-the-pod";
const REGION = "us-east-1";

/**
 * The agent of EKS Pod Identity, and a bucket that lets in only who signs with the keys and the session that the agent
 * has given: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
 */
export class PodIdentity extends Emulator {
  /** By path. */
  readonly objects = new Map<string, string>();
  readonly faults: string[] = [];
  /** How often credentials were asked for. */
  credentials = 0;
  private readonly secret = randomBytes(30).toString("base64");

  readonly token = TOKEN;

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** For the site, beside the token's file. */
  get environment(): Record<string, string> {
    return {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${this.endpoint}/v1/credentials`,
      MOODLE_OBJECT_STORE_ENDPOINT: this.endpoint,
      MOODLE_OBJECT_STORE_REGION: REGION,
    };
  }

  protected async answer(request: EmulatedRequest): Promise<Answer> {
    const { method, url, headers, body } = request;
    if (url.pathname === "/v1/credentials") return this.giveCredentials(headers.authorization);
    const fault = this.faultOf(request);
    if (fault !== undefined) {
      this.faults.push(`${method} ${url.pathname}: ${fault}`);
      return { status: 403, body: `<Error><Code>AccessDenied</Code><Message>${fault}</Message></Error>` };
    }
    if (method === "PUT") {
      this.objects.set(url.pathname, body);
      return { status: 200, headers: { etag: `"${createHash("md5").update(body).digest("hex")}"` }, body: "" };
    }
    const object = this.objects.get(url.pathname);
    if (method === "HEAD" && object !== undefined) {
      return { status: 200, headers: { "content-length": String(Buffer.byteLength(object)) }, body: "" };
    }
    if (url.searchParams.has("prefix")) return { status: 200, body: "<ListBucketResult/>" };
    return { status: 404, body: "" };
  }

  private giveCredentials(authorization: string | undefined): Answer {
    this.credentials++;
    if (authorization !== TOKEN) return json(401, {});
    return json(200, {
      AccessKeyId: "ASIAEXAMPLE",
      SecretAccessKey: this.secret,
      Token: "session",
      AccountId: "123456789012",
      Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString(),
    });
  }

  /** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
  private faultOf({ method, url, headers }: EmulatedRequest): string | undefined {
    if (headers["x-amz-security-token"] !== "session") return "no session";
    const [, scope = "", signed = "", signature] =
      /^AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE\/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)$/.exec(
        headers.authorization ?? "",
      ) ?? [];
    const query = url.search
      .slice(1)
      .split("&")
      .map((pair) => (pair.includes("=") || pair === "" ? pair : `${pair}=`));
    const canonical = [
      method,
      url.pathname,
      query.sort().join("&"),
      ...signed.split(";").map((name) => `${name}:${String(headers[name]).trim()}`),
      "",
      signed,
      headers["x-amz-content-sha256"],
    ].join("\n");
    const text = [
      "AWS4-HMAC-SHA256",
      headers["x-amz-date"],
      scope,
      createHash("sha256").update(canonical).digest("hex"),
    ];
    const hmac = (key: string | Buffer, value: string) => createHmac("sha256", key).update(value).digest();
    const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${this.secret}`);
    return hmac(key, text.join("\n")).toString("hex") === signature ? undefined : "wrong signature";
  }
}
