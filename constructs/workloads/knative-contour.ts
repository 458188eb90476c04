import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, ControllerEntrance } from "../ports";
import { CHARTS } from "../versions";
import { contourValues } from "./contour";
import { INGRESS_CONTROLLER_PODS, IngressControllerNamespace } from "./ingress-controller";

export interface KnativeContourProps {
  readonly cluster: ClusterAccess;
  /** How requests reach Services that are public. @default none, or through an ingress controller in the cluster */
  readonly entrance?: ControllerEntrance;
  /** Mirror of upstream charts, as in `ChartReleaseProps`. */
  readonly chartRegistry?: string;
  /** What must exist first beside the cluster: nodes. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * The two Contours that carry Knative's requests: `contour-external` for Services that are public, and `contour-internal` for
 * all, so that nobody outside reaches a private one by its name. They bring Contour's definitions along.
 */
export class KnativeContour extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: KnativeContourProps) {
    super(scope, id);
    const external = this.contour("external", props, props.entrance, true, props.dependsOn);
    const internal = this.contour("internal", props, undefined, false, [external]);
    this.ready = [external, internal];
  }

  private contour(
    use: "external" | "internal",
    { cluster, chartRegistry }: KnativeContourProps,
    entrance: ControllerEntrance | undefined,
    ownsDefinitions: boolean,
    dependsOn: readonly ITerraformDependable[],
  ): ITerraformDependable {
    const name = `contour-${use}`;
    const { httpPort, httpsPort, healthPort } = INGRESS_CONTROLLER_PODS.contour;
    const namespace = new IngressControllerNamespace(this, `${use}-namespace`, {
      pods: { ...INGRESS_CONTROLLER_PODS.contour, namespace: name },
      entrance,
      // An ingress controller, Services of the cluster, and Knative's question whether it knows a Service.
      clusterPorts: [httpPort, httpsPort, healthPort],
      dependsOn: cluster.ready,
    });
    return new ChartRelease(this, use, {
      chart: CHARTS.contour,
      releaseName: name,
      chartRegistry,
      namespace: name,
      values: contourValues({ className: name, entrance, ownsDefinitions }),
      timeout: 600,
      dependsOn: [...cluster.ready, ...namespace.ready, ...dependsOn],
    }).release;
  }
}
