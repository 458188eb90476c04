import { readFileSync } from "node:fs";
import { Agent, type RequestOptions, request } from "node:https";
import { ApiError, type Cluster, type Kind, type KubernetesObject, RESOURCES } from "./cluster";

/** Field manager of everything that the rollout applies. */
export const FIELD_MANAGER = "model-rollout";

/** Where Kubernetes mounts a pod's service account. */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface ApiServerOptions {
  /** `https://` address. */
  readonly server: string;
  readonly namespace: string;
  /** PEM of the authority that signs the server's certificate. */
  readonly caCertificate: string;
  /** Read anew for each request: Kubernetes exchanges the token of a mounted service account. */
  readonly token: () => string;
  /** Milliseconds without an answer after which a request fails. @default 30000 */
  readonly timeout?: number;
}

/** The cluster as its API server offers it, without a library: seven requests of plain JSON. */
export class ApiServer implements Cluster {
  readonly namespace: string;
  private readonly agent: Agent;

  constructor(private readonly options: ApiServerOptions) {
    this.namespace = options.namespace;
    this.agent = new Agent({ ca: options.caCertificate, keepAlive: true });
  }

  /** With the service account of the pod in which the program runs. */
  static inCluster(folder = SERVICE_ACCOUNT, environment = process.env): ApiServer {
    const read = (file: string) => readFileSync(`${folder}/${file}`, "utf8").trim();
    const host = environment.KUBERNETES_SERVICE_HOST ?? "kubernetes.default.svc";
    const port = environment.KUBERNETES_SERVICE_PORT ?? "443";
    return new ApiServer({
      server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      namespace: read("namespace"),
      caCertificate: read("ca.crt"),
      token: () => read("token"),
    });
  }

  async get(kind: Kind, name: string): Promise<KubernetesObject | undefined> {
    try {
      return (await this.ask("GET", this.path(kind, name))) as KubernetesObject;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list(kind: Kind, label: string): Promise<KubernetesObject[]> {
    const path = `${this.path(kind)}?labelSelector=${encodeURIComponent(label)}`;
    const { items } = (await this.ask("GET", path)) as { items: KubernetesObject[] };
    // The items of a list do not say what they are.
    return items.map((item) => ({ ...item, apiVersion: RESOURCES[kind].apiVersion, kind }));
  }

  async create(object: Record<string, unknown>): Promise<void> {
    await this.ask("POST", this.path(kindOf(object)), object);
  }

  async replace(object: Record<string, unknown>): Promise<void> {
    await this.ask("PUT", this.path(kindOf(object), nameOf(object)), object);
  }

  async apply(object: Record<string, unknown>): Promise<void> {
    // A field that somebody has set by hand is taken back: nobody else has a part in these objects.
    const query = `?fieldManager=${FIELD_MANAGER}&force=true&fieldValidation=Strict`;
    await this.ask("PATCH", this.path(kindOf(object), nameOf(object)) + query, object, "application/apply-patch+yaml");
  }

  async delete(kind: Kind, name: string): Promise<void> {
    try {
      await this.ask("DELETE", this.path(kind, name), { propagationPolicy: "Background" });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private path(kind: Kind, name?: string): string {
    const { apiVersion, plural } = RESOURCES[kind];
    const root = apiVersion.includes("/") ? "apis" : "api";
    const path = `/${root}/${apiVersion}/namespaces/${this.namespace}/${plural}`;
    return name === undefined ? path : `${path}/${encodeURIComponent(name)}`;
  }

  private ask(method: string, path: string, body?: object, contentType = "application/json"): Promise<unknown> {
    const { server, token, timeout = 30_000 } = this.options;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: "application/json",
      authorization: `Bearer ${token()}`,
      ...(text === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(text) }),
    };
    const options: RequestOptions = { method, headers, agent: this.agent, signal: AbortSignal.timeout(timeout) };
    return new Promise((done, failed) => {
      const sent = request(new URL(path, server), options, (response) => {
        const parts: Buffer[] = [];
        response.on("error", failed);
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => {
          try {
            done(answer(method, path, response.statusCode ?? 0, Buffer.concat(parts).toString("utf8")));
          } catch (error) {
            failed(error);
          }
        });
      });
      sent.on("error", failed);
      sent.end(text);
    });
  }
}

function answer(method: string, path: string, status: number, text: string): unknown {
  const what = `${method} ${path.split("?")[0]}`;
  let body: { message?: unknown };
  try {
    body = JSON.parse(text);
  } catch {
    throw new ApiError(status, `${what}: ${status}, not JSON`);
  }
  if (status < 200 || status > 299) throw new ApiError(status, `${what}: ${status} ${body.message ?? ""}`.trim());
  return body;
}

const isNotFound = (error: unknown) => error instanceof ApiError && error.status === 404;
const kindOf = (object: Record<string, unknown>) => object.kind as Kind;
const nameOf = (object: Record<string, unknown>) => (object.metadata as { name: string }).name;
