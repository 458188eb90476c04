import { Lb } from "@cdktf/provider-aws/lib/lb";
import { LbListener } from "@cdktf/provider-aws/lib/lb-listener";
import { LbTargetGroup } from "@cdktf/provider-aws/lib/lb-target-group";
import { Route53Record } from "@cdktf/provider-aws/lib/route53-record";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import { loadBalancerSecurityGroup } from "./load-balancer-security-group";

export interface NlbEdgeProps {
  /** Name of the load balancer and first part of the others: at most 26 letters, digits and hyphens. */
  readonly name: string;
  /** Host name of the site. */
  readonly domain: string;
  /** Public Route 53 zone of the domain. */
  readonly hostedZoneId: string;
  readonly vpcId: string;
  /** Public subnets in two zones or more. */
  readonly publicSubnetIds: readonly string[];
  /** Security group of the pods: it admits the load balancer. */
  readonly clusterSecurityGroupId: string;
  /** Networks that may use the site. */
  readonly allowedCidrs: readonly string[];
  /** Ports of the pods that end TLS. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Where a pod says that it can answer. */
  readonly healthPort: number;
  readonly healthPath: string;
  /** @default "protected": neither Terraform nor AWS deletes the load balancer */
  readonly protection?: Protection;
}

/**
 * Where connections enter that a program in the cluster reads: a Network Load Balancer with the site's DNS record, and two
 * target groups in which the AWS Load Balancer Controller registers that program's pods. Pods see the visitor's own
 * address. Address and record are known before anything runs in the cluster.
 */
export class NlbEdge extends Construct {
  readonly httpTargetGroupArn: string;
  readonly httpsTargetGroupArn: string;
  /** By which CloudWatch knows load balancer and the target group of HTTPS. */
  readonly metricDimensions: { readonly LoadBalancer: string; readonly TargetGroup: string };
  readonly loadBalancerArn: string;
  /** What must outlive the site, and be there before it is announced. */
  readonly ready: readonly ITerraformDependable[];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: NlbEdgeProps,
  ) {
    super(scope, id);
    const { name, domain, hostedZoneId, publicSubnetIds } = props;
    if (!/^(?!internal-)[0-9A-Za-z][0-9A-Za-z-]{0,25}$/.test(name)) {
      refuse(this.node.path, {
        path: "name",
        given: name,
        allowed: "1 to 26 letters, digits and hyphens, not beginning with a hyphen or internal-",
        remedy: "shorten the name: load balancers and target groups take 32 characters",
      });
    }
    // Another address than the Application Load Balancer's, whose place it can take and whatever protects that one.
    const loadBalancer = new Lb(this, "network-load-balancer", {
      name,
      loadBalancerType: "network",
      internal: false,
      ipAddressType: "ipv4",
      subnets: [...publicSubnetIds],
      securityGroups: [this.securityGroup().id],
      enableCrossZoneLoadBalancing: true,
      enableZonalShift: true,
      enableDeletionProtection: isGuarded(props.protection),
      lifecycle: { preventDestroy: isGuarded(props.protection) },
    });
    const [http, https] = [this.listener(loadBalancer, "http", 80), this.listener(loadBalancer, "https", 443)];
    const record = new Route53Record(this, "record", {
      zoneId: hostedZoneId,
      name: domain,
      type: "A",
      alias: { name: loadBalancer.dnsName, zoneId: loadBalancer.zoneId, evaluateTargetHealth: true },
    });
    this.httpTargetGroupArn = http.targetGroup.arn;
    this.httpsTargetGroupArn = https.targetGroup.arn;
    this.loadBalancerArn = loadBalancer.arn;
    this.metricDimensions = { LoadBalancer: loadBalancer.arnSuffix, TargetGroup: https.targetGroup.arnSuffix };
    this.ready = [http.listener, https.listener, record];
  }

  private securityGroup(): SecurityGroup {
    const { name, httpPort, httpsPort, healthPort } = this.props;
    return loadBalancerSecurityGroup(this, {
      ...this.props,
      name: `${name}-nlb`,
      of: "ingress controller",
      // No address of the other edge's either: a rule that outlives the group it names keeps the group from being deleted.
      podPorts: { "network-http-": httpPort, "network-https-": httpsPort, "network-health-": healthPort },
    });
  }

  private listener(loadBalancer: Lb, protocol: "http" | "https", port: 80 | 443) {
    const { name, vpcId, healthPort, healthPath } = this.props;
    const targetGroup = new LbTargetGroup(this, `${protocol}-target-group`, {
      name: `${name}-${protocol}`,
      targetType: "ip",
      protocol: "TCP",
      // Whatever the pods' port is, which is named when a pod is registered: a target group of another port is another one.
      port,
      vpcId,
      preserveClientIp: "true",
      deregistrationDelay: "60",
      // A pod that goes is given the rest of what it answers, and no new connection.
      connectionTermination: false,
      healthCheck: {
        path: healthPath,
        port: String(healthPort),
        protocol: "HTTP",
        matcher: "200",
        interval: 10,
        timeout: 5,
        healthyThreshold: 2,
        unhealthyThreshold: 3,
      },
    });
    const listener = new LbListener(this, protocol, {
      loadBalancerArn: loadBalancer.arn,
      port,
      protocol: "TCP",
      defaultAction: [{ type: "forward", targetGroupArn: targetGroup.arn }],
    });
    return { targetGroup, listener };
  }
}
