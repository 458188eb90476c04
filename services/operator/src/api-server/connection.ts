import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { join } from "node:path";

/** How the API server is reached. */
export interface Connection {
  readonly server: URL;
  /** Certificates and headers of one request, fresh: tokens expire. */
  authorize(): Promise<RequestOptions>;
  /** Environment that leads Helm to the same server by the same identity. */
  helmEnvironment(): Promise<Readonly<Record<string, string>>>;
}

/** Where a pod finds the credentials of its service account. */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The cluster that the program runs in; outside of one, what the kubeconfig says.
 *
 * `@kubernetes/client-node` reads kubeconfigs, with all their ways of authentication. Inside a cluster there is one way,
 * and loading that library would take 70 MB: half of what the operator may use.
 */
export async function connect(environment: NodeJS.ProcessEnv = process.env): Promise<Connection> {
  const { KUBECONFIG, KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (KUBECONFIG === undefined && host !== undefined) {
    const folder = environment.MOODLE_OPERATOR_SERVICE_ACCOUNT ?? SERVICE_ACCOUNT;
    return inCluster(new URL(`https://${host.includes(":") ? `[${host}]` : host}:${port ?? 443}`), folder);
  }
  return byKubeconfig();
}

async function inCluster(server: URL, folder: string): Promise<Connection> {
  const authority = join(folder, "ca.crt");
  const ca = await readFile(authority);
  // The kubelet replaces the file before the token in it expires.
  const token = async () => (await readFile(join(folder, "token"), "utf8")).trim();
  return {
    server,
    authorize: async () => ({ ca, headers: { authorization: `Bearer ${await token()}` } }),
    helmEnvironment: async () => ({
      HELM_KUBEAPISERVER: server.origin,
      HELM_KUBECAFILE: authority,
      HELM_KUBETOKEN: await token(),
    }),
  };
}

async function byKubeconfig(): Promise<Connection> {
  const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
  const config = new KubeConfig();
  config.loadFromDefault();
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error("the kubeconfig names no cluster: set KUBECONFIG, or a current context in it");
  return {
    server: new URL(cluster.server),
    authorize: async () => {
      const options: RequestOptions = { headers: {} };
      await config.applyToHTTPSOptions(options);
      // The caller's own agent keeps connections open.
      const { agent: _, ...rest } = options;
      return rest;
    },
    helmEnvironment: async () => ({}),
  };
}
