import { StoreError, type StoreFailure } from "./store";

/** What the client and its connections say. */
interface GcsFailure {
  readonly name?: string;
  readonly code?: number | string;
  readonly message?: string;
  readonly errors?: readonly { readonly reason?: string }[];
}

const TRANSIENT: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ABORTED",
  // What arrived is not what was sent; the client has deleted it.
  "FILE_NO_UPLOAD",
]);

/**
 * A failure of a call to Cloud Storage, by https://cloud.google.com/storage/docs/json_api/v1/status-codes. The server's
 * own words are left out: they quote requests.
 */
export function gcsError(store: string, doing: string, key: string, error: unknown): unknown {
  if (error instanceof StoreError || (error as Error).name === "AbortError") return error;
  const { code, message = "", errors } = error as GcsFailure;
  const reason = errors?.[0]?.reason;
  const failure = failureOf(code, reason, message);
  if (failure === undefined) return error;
  const said = [reason, code].filter((part) => part !== undefined).join(" ") || "no answer";
  const remedy = failure === "denied" ? "; check the identity, its permissions, and those on the bucket's key" : "";
  return new StoreError(failure, store, `${store}: ${doing} ${key}: ${said}${remedy}`, { cause: error });
}

function failureOf(
  code: number | string | undefined,
  reason: string | undefined,
  message: string,
): StoreFailure | undefined {
  if (reason === "retentionPolicyNotMet" || reason === "objectUnderActiveHold" || /retention/i.test(message))
    return "locked";
  const status = Number(code);
  if (status === 404) return "not-found";
  if (status === 412 || status === 304) return "precondition";
  if (status === 401 || status === 403) return "denied";
  if (status === 408 || status === 429 || status >= 500) return "transient";
  if (status >= 400) return "other";
  if (typeof code === "string" && TRANSIENT.has(code)) return "transient";
  if (/socket hang up|aborted|network|timeout|fetch failed/i.test(message)) return "transient";
  if (/could not load the default credentials|invalid_grant/i.test(message)) return "denied";
  return undefined;
}
