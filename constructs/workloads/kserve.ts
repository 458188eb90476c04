import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, KnativeServing } from "../ports";
import { CHARTS } from "../versions";
import { ControllerNetwork } from "./controller-network";

export interface KServeProps {
  readonly cluster: ClusterAccess;
  /** Namespace of the controller. @default kserve */
  readonly namespace?: string;
  /**
   * Serves models. The controller looks once for its definitions, when it starts, and follows no Knative Service that it
   * did not know of then: it starts anew when Knative comes.
   * @default none
   */
  readonly knative?: KnativeServing;
  /** Mirror of upstream charts, as in `ChartReleaseProps`. */
  readonly chartRegistry?: string;
  /**
   * What must exist first beside the cluster: the namespace, cert-manager, which signs the webhooks' certificate, and
   * KEDA where models need it.
   */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Servers of models that the platform offers; the charts have others. */
const SERVED = ["sklearnserver", "huggingfaceserver", "tritonserver"];
const UNUSED = [
  "tensorflow",
  "mlserver",
  "xgbserver",
  "huggingfaceserver_multinode",
  "pmmlserver",
  "predictiveserver",
  "paddleserver",
  "lgbserver",
  "autogluonserver",
  "torchserve",
  "vllmserver",
];

/**
 * KServe: its definitions, its controller, and the runtimes that serve models, as three releases. The runtimes come last,
 * because the controller's webhook checks them, and answers only once its certificate is there.
 *
 * No model gets an address outside the cluster: KServe makes neither an Ingress nor a route.
 */
export class KServe extends Construct {
  /** What a release with an InferenceService depends on. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: KServeProps) {
    super(scope, id);
    const { cluster, namespace = "kserve", knative, chartRegistry } = props;
    const dependsOn = [...(knative?.ready ?? []), ...props.dependsOn];
    const definitions = new ChartRelease(this, "definitions", {
      chart: CHARTS.kserveCrd,
      chartRegistry,
      namespace,
      timeout: 300,
      dependsOn: [...cluster.ready, ...dependsOn],
    });
    const network = new ControllerNetwork(this, "network", { namespace, webhookPorts: [9443], dependsOn });
    const controller = new ChartRelease(this, "controller", {
      chart: CHARTS.kserveResources,
      chartRegistry,
      namespace,
      values: controllerValues(cluster, knative !== undefined),
      timeout: 600,
      dependsOn: [definitions.release, ...network.ready],
    });
    const runtimes = new ChartRelease(this, "runtimes", {
      chart: CHARTS.kserveRuntimeConfigs,
      chartRegistry,
      namespace,
      values: runtimeValues(),
      timeout: 300,
      dependsOn: [controller.release],
    });
    this.ready = [runtimes.release];
  }
}

function controllerValues({ systemNodes }: ClusterAccess, hasKnative: boolean) {
  return {
    kserve: {
      controller: {
        // Of what names no mode itself; every model of ours does.
        deploymentMode: "Standard",
        gateway: { disableIngressCreation: true, disableIstioVirtualHost: true },
        imagePullPolicy: "IfNotPresent",
        // https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/controller.go, SetupWithManager
        podAnnotations: hasKnative ? { "moodleplatform.io/knative": "true" } : {},
        resources: { requests: { cpu: "100m", memory: "300Mi" }, limits: { cpu: "1", memory: "512Mi" } },
        ...systemNodes,
      },
      security: { autoMountServiceAccountToken: false },
      storage: {
        // Models come from the bucket, none in an image.
        enableModelcar: false,
        resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { cpu: "2", memory: "2Gi" } },
      },
    },
  };
}

function runtimeValues() {
  const disabled = (isDisabled: boolean) => (name: string) => [name, { disabled: isDisabled }] as const;
  return {
    kserve: {
      servingruntime: {
        enabled: true,
        ...Object.fromEntries([...SERVED.map(disabled(false)), ...UNUSED.map(disabled(true))]),
      },
    },
  };
}
