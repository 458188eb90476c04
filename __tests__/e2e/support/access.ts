import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** How an administrator reaches the cluster. */
export interface Access {
  readonly server: string;
  readonly caCertificate: string;
  readonly token: string;
}

/** As the kubeconfig of the tests says it. */
export function administratorAccess(): Access {
  const { clusters, users } = parse(readFileSync(process.env.KUBECONFIG ?? "", "utf8"));
  const { server, "certificate-authority": authority } = clusters[0].cluster;
  return { server, caCertificate: readFileSync(authority, "utf8"), token: users[0].user.token };
}
