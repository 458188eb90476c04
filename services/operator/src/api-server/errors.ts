/** An answer of the API server that is no success. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** HTTP's status. */
    readonly status: number,
    /** Kubernetes' reason, such as `AlreadyExists`. */
    readonly reason: string,
    message: string,
    /** Seconds after which the server wants to be asked again. */
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }

  static of(status: number, body: string, retryAfter?: string): ApiError {
    const seconds = retryAfter === undefined ? undefined : Number(retryAfter);
    try {
      const { reason, message } = JSON.parse(body) as { reason?: string; message?: string };
      return new ApiError(status, reason ?? "Unknown", message ?? body, seconds);
    } catch {
      return new ApiError(status, "Unknown", body.slice(0, 500) || `HTTP ${status}`, seconds);
    }
  }
}

const hasStatus = (error: unknown, status: number) => error instanceof ApiError && error.status === status;

export const isForbidden = (error: unknown) => hasStatus(error, 403);

export const isNotFound = (error: unknown) => hasStatus(error, 404);

export const isConflict = (error: unknown) => hasStatus(error, 409);

/** The resource version is too old for a watch, or for the next page of a list. */
export const isGone = (error: unknown) => hasStatus(error, 410);

export const isUnauthorized = (error: unknown) => hasStatus(error, 401);

export function describeError(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
