import type { Construct } from "constructs";
import { AlbEdge } from "../constructs/aws/alb-edge";
import type { WatchedLoadBalancer } from "../constructs/aws/data-alarms";
import { partition } from "../constructs/aws/iam-policy";
import { LoadBalancerControllerIdentity } from "../constructs/aws/load-balancer-controller-identity";
import { NlbEdge } from "../constructs/aws/nlb-edge";
import { PodIdentity } from "../constructs/aws/pod-identity";
import type { Vpc } from "../constructs/aws/vpc";
import { CertManager } from "../constructs/workloads/cert-manager";
import type { IngressEdge, SiteController } from "../constructs/workloads/ingress";
import { INGRESS_CONTROLLER_PODS } from "../constructs/workloads/ingress-controller";
import type { AwsEnvironment } from "../environments/defaults";
import { firstStop } from "./first-stop";

export interface AwsEdgeProps {
  readonly environment: AwsEnvironment;
  readonly vpc: Vpc;
  /** As the cluster itself gives it. */
  readonly clusterName: string;
  readonly clusterSecurityGroupId: string;
}

/** The load balancer, and what the ingress controller behind it must know. */
export function addAwsEdge(
  scope: Construct,
  props: AwsEdgeProps,
): { readonly edge: IngressEdge; readonly controller?: SiteController; readonly watched: WatchedLoadBalancer } {
  const { environment } = props;
  const { ingressController: kind, moodle } = environment;
  if (kind === undefined) return addAlb(scope, props);
  const { edge } = environment;
  return {
    ...(edge.type === "alb" ? addAlb(scope, props) : addNlb(scope, props, kind)),
    controller: {
      kind,
      loginRequestsPerMinute: moodle.loginRequestsPerMinute,
      acme: edge.type === "none" ? addAcme(scope, props, edge.acme) : undefined,
    },
  };
}

function addAlb(
  scope: Construct,
  { environment, vpc, clusterName, clusterSecurityGroupId }: AwsEdgeProps,
): { readonly edge: IngressEdge; readonly watched: WatchedLoadBalancer } {
  const { account, region, prefix, edge, protection } = environment;
  const pods = firstStop(environment);
  const alb = new AlbEdge(scope, "edge", {
    name: prefix,
    account,
    region,
    waf: edge.type === "alb" && edge.waf,
    loginRequestsPerMinute: environment.moodle.loginRequestsPerMinute,
    allowedCidrs: edge.allowedCidrs,
    cdn:
      edge.type === "alb" && edge.cdn
        ? { subnetIds: vpc.intraSubnetIds, subnetCidrs: vpc.intraSubnetCidrs }
        : undefined,
    domain: environment.domain,
    hostedZoneId: environment.hostedZone.id,
    vpcId: vpc.vpcId,
    publicSubnetIds: vpc.publicSubnetIds,
    publicSubnetCidrs: vpc.publicSubnetCidrs,
    clusterSecurityGroupId,
    servicePort: pods?.httpPort,
    healthCheckPort: pods?.healthPort,
    healthCheckPath: pods?.healthPath,
    protection,
  });
  const controllerIdentity = addControllerIdentity(scope, environment, clusterName, [alb.targetGroupArn]);
  return {
    edge: { kind: "alb", vpcId: vpc.vpcId, region, route: alb.route, controllerIdentity },
    watched: { namespace: "AWS/ApplicationELB", dimensions: alb.metricDimensions },
  };
}

function addNlb(
  scope: Construct,
  { environment, vpc, clusterName, clusterSecurityGroupId }: AwsEdgeProps,
  kind: SiteController["kind"],
): { readonly edge: IngressEdge; readonly watched: WatchedLoadBalancer } {
  const { region, prefix, edge, protection } = environment;
  const nlb = new NlbEdge(scope, "edge", {
    name: prefix,
    allowedCidrs: edge.allowedCidrs,
    domain: environment.domain,
    hostedZoneId: environment.hostedZone.id,
    vpcId: vpc.vpcId,
    publicSubnetIds: vpc.publicSubnetIds,
    clusterSecurityGroupId,
    ...INGRESS_CONTROLLER_PODS[kind],
    protection,
  });
  const { httpTargetGroupArn, httpsTargetGroupArn } = nlb;
  const targetGroupArns = [httpTargetGroupArn, httpsTargetGroupArn];
  return {
    edge: {
      kind: "nlb",
      vpcId: vpc.vpcId,
      region,
      httpTargetGroupArn,
      httpsTargetGroupArn,
      sourceCidrs: [...edge.allowedCidrs, ...vpc.publicSubnetCidrs],
      controllerIdentity: addControllerIdentity(scope, environment, clusterName, targetGroupArns),
    },
    watched: { namespace: "AWS/NetworkELB", dimensions: nlb.metricDimensions },
  };
}

function addControllerIdentity(
  scope: Construct,
  { account, region, prefix }: AwsEnvironment,
  clusterName: string,
  targetGroupArns: readonly string[],
): LoadBalancerControllerIdentity {
  return new LoadBalancerControllerIdentity(scope, "load-balancer-controller", {
    name: prefix,
    account,
    region,
    clusterName,
    targetGroupArns,
  });
}

type Acme = Extract<AwsEnvironment["edge"], { type: "none" }>["acme"];

/** cert-manager's identity writes the records by which the domain is proved, and no other. */
function addAcme(
  scope: Construct,
  { environment, clusterName }: AwsEdgeProps,
  { challenge, directory, email }: Acme,
): SiteController["acme"] {
  const { account, region, prefix, domain, hostedZone, ingressController = "" } = environment;
  if (challenge === "http-01") return { directory, email, solver: { kind: "http", className: ingressController } };
  const route53 = `arn:${partition(region)}:route53:::`;
  const identity = new PodIdentity(scope, "identity-cert-manager", {
    name: prefix,
    account,
    region,
    clusterName,
    ...CertManager.account,
    statements: [
      {
        Effect: "Allow",
        Action: "route53:ChangeResourceRecordSets",
        Resource: `${route53}hostedzone/${hostedZone.id}`,
        Condition: {
          "ForAllValues:StringEquals": {
            "route53:ChangeResourceRecordSetsNormalizedRecordNames": [`_acme-challenge.${domain}`],
            "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
          },
        },
      },
      { Effect: "Allow", Action: "route53:ListResourceRecordSets", Resource: `${route53}hostedzone/${hostedZone.id}` },
      { Effect: "Allow", Action: "route53:GetChange", Resource: `${route53}change/*` },
    ],
  });
  return { identity, directory, email, solver: { kind: "route53", region, hostedZoneId: hostedZone.id } };
}
