import { StoreError, type StoreFailure } from "./store";

/** What the clients and their connections say. */
interface S3Failure {
  readonly name?: string;
  readonly code?: string;
  readonly Code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Codes of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and of Node's connections. */
const BY_CODE: Readonly<Record<string, StoreFailure>> = {
  NoSuchKey: "not-found",
  NoSuchVersion: "not-found",
  NotFound: "not-found",
  PreconditionFailed: "precondition",
  ConditionalRequestConflict: "precondition",
  ObjectLocked: "locked",
  InvalidObjectState: "archived",
  BadDigest: "corrupt",
  XAmzContentChecksumMismatch: "corrupt",
  XAmzContentSHA256Mismatch: "corrupt",
  CredentialsProviderError: "denied",
  InvalidAccessKeyId: "denied",
  SignatureDoesNotMatch: "denied",
  ExpiredToken: "denied",
  QuotaExceeded: "no-space",
  InsufficientStorage: "no-space",
  RequestTimeout: "transient",
  TimeoutError: "transient",
  ECONNRESET: "transient",
  ECONNREFUSED: "transient",
  EPIPE: "transient",
  ETIMEDOUT: "transient",
  EAI_AGAIN: "transient",
  ENOTFOUND: "transient",
  EHOSTUNREACH: "transient",
  ENETUNREACH: "transient",
};

/** A failure of an S3 call. The server's own words are left out: they quote requests. */
export function s3Error(store: string, doing: string, key: string, error: unknown): unknown {
  if (error instanceof StoreError || (error as Error).name === "AbortError") return error;
  const { name, code, Code, message, $metadata } = error as S3Failure;
  const status = $metadata?.httpStatusCode;
  const known = code ?? Code ?? (name === "Error" ? undefined : name);
  if (status === undefined && !(known !== undefined && known in BY_CODE) && message !== "aborted") return error;
  const failure = failureOf(known, status, message ?? "");
  const reason = [known ?? "no answer", ...(status === undefined || status === 200 ? [] : [status])].join(" ");
  return new StoreError(failure, store, `${store}: ${doing} ${key}: ${reason}${remedy(failure)}`, { cause: error });
}

function failureOf(code: string | undefined, status: number | undefined, message: string): StoreFailure {
  const known = BY_CODE[code ?? ""];
  if (known !== undefined) return known;
  if (code === "NoSuchBucket") return "other";
  if (code === "AccessDenied" && /object (lock|protected)|WORM|retention/i.test(message)) return "locked";
  if (status === 403 || status === 401) return "denied";
  if (status === 404) return "not-found";
  if (status === 412) return "precondition";
  if (status === 507) return "no-space";
  if (status === 429 || status === undefined || status >= 500) return "transient";
  return "other";
}

function remedy(failure: StoreFailure): string {
  if (failure === "denied") return "; check the identity, its permissions, and those on the bucket's key";
  if (failure === "archived") return "; recall it from its archive class first";
  return "";
}
