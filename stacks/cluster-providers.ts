import { HelmProvider } from "@cdktf/provider-helm/lib/provider";
import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider";
import type { TerraformStack } from "cdktf";
import type { ClusterAccess } from "../constructs/ports";

/**
 * The providers of what runs in the cluster, in the stack that makes the cluster. Their only static field is the
 * credential plugin: seen with kubernetes 2.38.0 and helm 3.1.1, any other beside an address that is not known yet
 * (`insecure`, a token) makes the first plan fail with "default cluster has no server defined".
 *
 * Helm keeps its releases as ConfigMaps, so that whoever only plans need not read any Secret. No release holds a secret
 * but one: on AWS, the key with which the load-balancer controller answers the API server's webhook calls.
 * By hand: `HELM_DRIVER=configmap helm list`.
 */
export function addClusterProviders(stack: TerraformStack, { host, caCertificate, exec }: ClusterAccess): void {
  const { apiVersion, command } = exec;
  const connection = { host, clusterCaCertificate: caCertificate };
  const credentials = { apiVersion, command, args: [...exec.args] };
  new KubernetesProvider(stack, "kubernetes", { ...connection, exec: [credentials] });
  new HelmProvider(stack, "helm", { helmDriver: "configmap", kubernetes: { ...connection, exec: credentials } });
}
