import { INGRESS_CONTROLLER_PODS, type IngressControllerPods } from "../constructs/workloads/ingress-controller";
import { KNATIVE_GATEWAY_PODS } from "../constructs/workloads/knative";
import type { Environment } from "../environments/defaults";

/** The pods to which the edge sends requests; undefined where they are the site's own. */
export function firstStop({
  ingressController,
  model,
  knativeIngress,
}: Pick<Environment, "ingressController" | "model" | "knativeIngress">): IngressControllerPods | undefined {
  if (ingressController !== undefined) return INGRESS_CONTROLLER_PODS[ingressController];
  return model === "serverless" && knativeIngress !== undefined ? KNATIVE_GATEWAY_PODS[knativeIngress] : undefined;
}
