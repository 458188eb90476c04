import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, KnativeServing, ServiceAddress } from "../ports";
import { CHARTS, KNATIVE } from "../versions";
import { INGRESS_CONTROLLER_PODS, type IngressControllerPods } from "./ingress-controller";
import { KnativeNetwork } from "./knative-network";
import { PlatformNamespace } from "./platform-namespace";

export interface KnativeProps {
  readonly cluster: ClusterAccess;
  /** What carries requests to Services. Kourier comes with Knative; Contour and Istio must be in `dependsOn`. */
  readonly ingress: KnativeServing["ingress"];
  /** Domain of Services that are labelled public; all others answer in the cluster alone. */
  readonly publicDomain: string;
  /** Hosts of private registries: their tags are looked up by the nodes. */
  readonly registryHosts: readonly string[];
  /** Whether Eventing is installed beside Serving, for tasks that an event starts. @default false */
  readonly eventing?: boolean;
  /** With istio: ClusterIssuer of the certificate that its gateway shows. @default none, TLS ends before it */
  readonly issuerName?: string;
  /** Mirror of upstream charts, as in `ChartReleaseProps`. */
  readonly chartRegistry?: string;
  /** What must exist first beside the cluster: nodes, and where it is not Kourier, what carries requests. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** As long as Traefik reads an upload. Knative's own limit is 600 seconds. */
const REQUEST_SECONDS = 1800;

/** Seconds in which the operator has brought everything up, images and first nodes included. */
const READY_TIMEOUT = 900;

/**
 * Knative Serving, and Eventing where asked for: Knative's operator, then the resources by which it installs them, with the
 * features on that Moodle's pods and models need. A Service answers in the cluster alone unless it has the label
 * `moodleplatform.io/public: "true"`; the annotation `moodleplatform.io/host` is then its host name.
 *
 * Its pods meet Pod Security's `restricted`, and send and receive what Knative needs alone. Kourier's gateway has no
 * NetworkPolicies: its namespace is made by the operator, after everything that could be made beside it.
 */
export class Knative extends Construct implements KnativeServing {
  readonly namespace = "knative-serving";
  readonly ingress: KnativeServing["ingress"];
  readonly ingressClass: string;
  readonly gateway: ServiceAddress;
  readonly redirectsToHttps: boolean;
  readonly requestSeconds = REQUEST_SECONDS;
  readonly localGateway: ServiceAddress;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: KnativeProps) {
    super(scope, id);
    const { cluster, ingress } = props;
    const eventing = props.eventing ?? false;
    const namespaces = ["knative-operator", this.namespace, ...(eventing ? ["knative-eventing"] : [])].map(
      (name) =>
        new PlatformNamespace(this, `${name}-namespace`, {
          name,
          // They hold nothing that is not made anew.
          protection: "disposable",
          dependsOn: cluster.ready,
        }),
    );
    ({ gateway: this.gateway, localGateway: this.localGateway } = GATEWAYS[ingress]);
    const network = new KnativeNetwork(this, "network", {
      controllerNamespaces: ["knative-operator", ...(eventing ? ["knative-eventing"] : [])],
      servingNamespace: this.namespace,
      gatewayNamespaces: [this.gateway.namespace, this.localGateway.namespace],
      dependsOn: namespaces.flatMap(({ ready }) => ready),
    });
    const operator = new ChartRelease(this, "operator", {
      chart: CHARTS.knativeOperator,
      chartRegistry: props.chartRegistry,
      namespace: "knative-operator",
      values: operatorValues(),
      timeout: 600,
      dependsOn: [...cluster.ready, ...props.dependsOn, ...network.ready],
    });
    const knative = new ChartRelease(this, "knative", {
      chart: { local: "knative" },
      namespace: this.namespace,
      values: {
        version: KNATIVE,
        ingress,
        publicDomain: props.publicDomain,
        registryHosts: props.registryHosts,
        issuerName: props.issuerName,
        requestSeconds: REQUEST_SECONDS,
        eventing: { enabled: eventing },
        waitSeconds: READY_TIMEOUT - 60,
      },
      timeout: READY_TIMEOUT,
      dependsOn: [operator.release],
    });
    this.ingress = ingress;
    this.ingressClass = `${ingress}.ingress.networking.knative.dev`;
    this.redirectsToHttps = props.issuerName !== undefined;
    this.ready = [operator.release, knative.release];
  }
}

/** Sources: the operator's manifests `ingress/1.23`, and for Contour the names of its two releases. */
const GATEWAYS: Readonly<
  Record<KnativeServing["ingress"], { readonly gateway: ServiceAddress; readonly localGateway: ServiceAddress }>
> = {
  kourier: {
    gateway: { namespace: "kourier-system", serviceName: "kourier", port: 80 },
    localGateway: { namespace: "kourier-system", serviceName: "kourier-internal", port: 80 },
  },
  contour: {
    gateway: { namespace: "contour-external", serviceName: "contour-external-envoy", port: 80 },
    localGateway: { namespace: "contour-internal", serviceName: "contour-internal-envoy", port: 80 },
  },
  istio: {
    gateway: { namespace: "istio-system", serviceName: "istio-ingressgateway", port: 80 },
    localGateway: { namespace: "istio-system", serviceName: "knative-local-gateway", port: 80 },
  },
};

/** The pods of each gateway, as a load balancer must know them before they exist. */
export const KNATIVE_GATEWAY_PODS: Readonly<Record<KnativeServing["ingress"], IngressControllerPods>> = {
  kourier: {
    ...serviceOfGateway("kourier"),
    httpPort: 8080,
    httpsPort: 8443,
    healthPort: 9000,
    healthPath: "/ready",
  },
  contour: { ...INGRESS_CONTROLLER_PODS.contour, ...serviceOfGateway("contour") },
  istio: { ...INGRESS_CONTROLLER_PODS.istio, ...serviceOfGateway("istio") },
};

function serviceOfGateway(ingress: KnativeServing["ingress"]) {
  const { namespace, serviceName } = GATEWAYS[ingress].gateway;
  return { namespace, serviceName };
}

function operatorValues() {
  // Beside what the chart sets for each container, `restricted` wants this.
  const each = { securityContext: { seccompProfile: { type: "RuntimeDefault" } } };
  return { knative_operator: { knative_operator: each, operator_webhook: each } };
}
