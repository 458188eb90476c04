import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { ClusterAccess, KnativeServing, SiteRoute } from "../constructs/ports";
import type { CertManager } from "../constructs/workloads/cert-manager";
import { entranceOf, Ingress, type IngressEdge, type SiteController } from "../constructs/workloads/ingress";
import { Istio } from "../constructs/workloads/istio";
import { KNATIVE_GATEWAY_PODS, Knative } from "../constructs/workloads/knative";
import { KnativeContour } from "../constructs/workloads/knative-contour";
import type { Environment } from "../environments/defaults";

export interface SiteIngressProps {
  readonly environment: Environment;
  readonly cluster: ClusterAccess;
  readonly edge: IngressEdge;
  readonly controller?: SiteController;
  readonly podCidrs: readonly string[];
  /** Where TLS ends in the cluster, or something else there has certificates. */
  readonly certManager?: CertManager;
  readonly nodesReady: readonly ITerraformDependable[];
  readonly namespaceReady: readonly ITerraformDependable[];
}

export interface SiteIngress {
  readonly route: SiteRoute;
  readonly knative?: KnativeServing;
  readonly ready: readonly ITerraformDependable[];
}

/**
 * From the edge to the site, in the order in which the parts need each other: what carries Knative's requests, Knative, and
 * what sends requests there; with one Istio for both, Istio and then Knative.
 */
export function addSiteIngress(scope: Construct, props: SiteIngressProps): SiteIngress {
  const { environment, cluster, edge, podCidrs, nodesReady, namespaceReady } = props;
  const { domain, chartRegistry, knative: isOn, knativeIngress, model, moodle } = environment;
  const { loginRequestsPerMinute } = moodle;
  const isServerless = model === "serverless";
  const sharesIstio = isOn && knativeIngress === "istio" && (props.controller?.kind ?? "istio") === "istio";
  const hasDefinitions = isOn && knativeIngress === "contour" && props.controller?.kind === "contour";
  const controller: SiteController | undefined =
    props.controller === undefined
      ? sharesIstio && isServerless
        ? { kind: "istio", loginRequestsPerMinute }
        : undefined
      : { ...props.controller, hasDefinitions };
  const addIngress = (dependsOn: readonly ITerraformDependable[]) =>
    new Ingress(scope, "ingress", {
      cluster,
      edge,
      domain,
      podCidrs,
      controller,
      certManager: props.certManager,
      knativeGateway:
        isServerless && knativeIngress !== undefined && (controller === undefined || sharesIstio)
          ? KNATIVE_GATEWAY_PODS[knativeIngress]
          : undefined,
      chartRegistry,
      // The programs of a load balancer run on the system nodes; what reads requests runs where there is room.
      dependsOn: [...(controller === undefined ? [] : nodesReady), ...namespaceReady, ...dependsOn],
    });
  const addKnative = (dependsOn: readonly ITerraformDependable[], issuerName?: string) =>
    new Knative(scope, "knative", {
      cluster,
      ingress: knativeIngress ?? "kourier",
      publicDomain: domain,
      registryHosts: [environment.images.registry.split("/")[0] ?? ""],
      eventing: moodle.cron.trigger === "ping-source",
      issuerName,
      chartRegistry,
      dependsOn: [...nodesReady, ...dependsOn],
    });

  if (!isOn || knativeIngress === undefined) {
    const { route, ready } = addIngress([]);
    return { route, ready };
  }
  if (sharesIstio && controller !== undefined) {
    const ingress = addIngress([]);
    const knative = addKnative(ingress.ready, isServerless ? ingress.issuerName : undefined);
    return { route: ingress.route, knative, ready: [...ingress.ready, ...knative.ready] };
  }
  const carrier = { cluster, chartRegistry, dependsOn: nodesReady };
  const entrance = isServerless && controller === undefined ? entranceOf(edge) : undefined;
  const carriers = {
    kourier: () => [],
    contour: () => new KnativeContour(scope, "knative-contour", { ...carrier, entrance }).ready,
    istio: () => new Istio(scope, "knative-istio", carrier).ready,
  };
  const carrierReady = carriers[knativeIngress]();
  const knative = addKnative(carrierReady);
  const ingress = addIngress(isServerless ? knative.ready : carrierReady);
  return { route: ingress.route, knative, ready: [...ingress.ready, ...knative.ready] };
}
