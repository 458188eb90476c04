import { GoogleAuth } from "google-auth-library";

/** An answer of a Google API: the status, and the body where it is a success or one of the expected failures. */
export interface GoogleResponse<T> {
  readonly status: number;
  readonly data: T;
}

/**
 * A REST API of Google Cloud, called as the pod's own identity.
 *
 * An endpoint can be replaced, for a private or a regional one, by the variable that gcloud knows:
 * `CLOUDSDK_API_ENDPOINT_OVERRIDES_<API>`.
 * https://cloud.google.com/sdk/docs/properties
 */
export class GoogleApi {
  private readonly auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" });
  private readonly endpoint: string;

  constructor(api: "secretmanager" | "sql", endpoint: string) {
    this.endpoint = (process.env[`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api.toUpperCase()}`] ?? endpoint).replace(
      /\/$/,
      "",
    );
  }

  /** Throws on every status but 2xx and those `expected`; requests that only read are repeated on 5xx and 429. */
  async request<T>(
    method: "GET" | "POST" | "PUT",
    path: string,
    body?: unknown,
    expected: readonly number[] = [],
  ): Promise<GoogleResponse<T>> {
    const response = await this.auth.request<T>({
      url: `${this.endpoint}/${path}`,
      method,
      data: body,
      timeout: 15_000,
      retry: true,
      validateStatus: (status) => (status >= 200 && status < 300) || expected.includes(status),
    });
    return { status: response.status, data: response.data };
  }
}
