import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ControllerEntrance } from "../ports";

export interface EdgeBindingProps {
  readonly entrance: Exclude<ControllerEntrance, { kind: "address" }>;
  /** Namespace of the Service: the target group's pods, or the Gateway, are there too. */
  readonly namespace: string;
  /** An ingress controller's Service or that of Knative's gateway, with ports 80 and 443. */
  readonly serviceName: string;
  /** Port and path where its pods say that they can answer. */
  readonly healthPort: number;
  readonly healthPath: string;
  /** Host name of the site. */
  readonly domain: string;
  /** What must exist first: the Service, and the load-balancer controller or the Gateway. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Joins a load balancer of Terraform's to a Service that is not the site's own. */
export class EdgeBinding extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: EdgeBindingProps) {
    super(scope, id);
    const { entrance, namespace, serviceName } = props;
    const { release } = new ChartRelease(this, "binding", {
      chart: { local: "edge-binding" },
      namespace,
      values: { serviceName, ...bindingValues(entrance, props) },
      timeout: 300,
      dependsOn: [...props.dependsOn],
    });
    this.ready = [release];
  }
}

function bindingValues(entrance: EdgeBindingProps["entrance"], props: EdgeBindingProps) {
  if (entrance.kind === "target-groups") {
    const { httpTargetGroupArn: http, httpsTargetGroupArn: https } = entrance;
    // Named apart, for a binding's target group cannot be changed when another load balancer takes the place of the first.
    return {
      targetGroups:
        https === undefined
          ? { web: { arn: http, port: 80 } }
          : { http: { arn: http, port: 80 }, https: { arn: https, port: 443 } },
    };
  }
  return {
    gateway: {
      name: entrance.gatewayName,
      sectionName: entrance.sectionName,
      securityPolicyName: entrance.securityPolicyName,
      domain: props.domain,
      port: 80,
      healthPort: props.healthPort,
      healthPath: props.healthPath,
    },
  };
}
