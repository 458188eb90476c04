import { Lb } from "@cdktf/provider-aws/lib/lb";
import { LbListener } from "@cdktf/provider-aws/lib/lb-listener";
import { LbListenerRule } from "@cdktf/provider-aws/lib/lb-listener-rule";
import { LbTargetGroup } from "@cdktf/provider-aws/lib/lb-target-group";
import { Route53Record } from "@cdktf/provider-aws/lib/route53-record";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import type { SiteRoute } from "../ports";
import { AccessLogBucket } from "./access-log-bucket";
import { Certificate } from "./certificate";
import { CloudfrontDistribution } from "./cloudfront-distribution";
import { admitCloudfront, loadBalancerSecurityGroup } from "./load-balancer-security-group";
import { WebAcl } from "./web-acl";

export interface AlbEdgeProps {
  /** Name of the load balancer and first part of the others: at most 28 letters, digits and hyphens. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** Host name of the site: the only one that is answered. */
  readonly domain: string;
  /** Public Route 53 zone of the domain. */
  readonly hostedZoneId: string;
  readonly vpcId: string;
  /** Public subnets in two zones or more. */
  readonly publicSubnetIds: readonly string[];
  /** Ranges of those subnets: where requests come from, as pods see it. */
  readonly publicSubnetCidrs: readonly string[];
  /** Security group of the pods: it admits the load balancer. */
  readonly clusterSecurityGroupId: string;
  /** Networks that may use the site. With `cdn` AWS WAF sees to it: `waf` is needed where they are not everybody. */
  readonly allowedCidrs: readonly string[];
  /** Whether AWS WAF stands before the site. */
  readonly waf: boolean;
  /**
   * CloudFront before the load balancer, which is then an internal one: in these subnets of two zones or more, which need no way to
   * the internet. @default none, the load balancer is what the internet reaches
   */
  readonly cdn?: { readonly subnetIds: readonly string[]; readonly subnetCidrs: readonly string[] };
  /** Requests to the pages of the login that AWS WAF lets one address make in a minute. @default no limit */
  readonly loginRequestsPerMinute?: number;
  /** Port on which the pods listen. @default 8080 */
  readonly servicePort?: number;
  /** Port on which a pod says that it can answer. @default `servicePort` */
  readonly healthCheckPort?: number;
  /** Where a pod says that it can answer. @default "/health" */
  readonly healthCheckPath?: string;
  /** Days that access logs are kept. @default 90 */
  readonly accessLogRetentionDays?: number;
  /** @default "protected": neither Terraform nor AWS deletes the load balancer or its logs */
  readonly protection?: Protection;
}

/**
 * Where requests enter: an Application Load Balancer with a certificate, the site's DNS record, and a target group in
 * which the AWS Load Balancer Controller registers the pods of the site. Address, certificate and record are all known
 * before anything runs in the cluster.
 */
export class AlbEdge extends Construct {
  readonly route: Extract<SiteRoute, { kind: "target-group" }>;
  readonly targetGroupArn: string;
  readonly loadBalancerArn: string;
  /** By which CloudWatch knows load balancer and target group. */
  readonly metricDimensions: { readonly LoadBalancer: string; readonly TargetGroup: string };
  /** What must outlive the site, and be there before it is announced. */
  readonly ready: readonly ITerraformDependable[];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: AlbEdgeProps,
  ) {
    super(scope, id);
    const { name, domain, hostedZoneId } = props;
    if (!/^(?!internal-)[0-9A-Za-z][0-9A-Za-z-]{0,27}$/.test(name)) {
      refuse(this.node.path, {
        path: "name",
        given: name,
        allowed: "1 to 28 letters, digits and hyphens, not beginning with a hyphen or internal-",
        remedy: "shorten the name: load balancers and target groups take 32 characters",
      });
    }
    const isOpen = props.allowedCidrs.includes("0.0.0.0/0");
    if (props.cdn !== undefined && !isOpen && !props.waf) {
      refuse(this.node.path, {
        path: "waf",
        given: props.waf,
        allowed: "true where allowedCidrs are not everybody and CloudFront is reached first",
        remedy: "set waf to true, or open the site to everybody",
      });
    }
    const logs = this.accessLogs();
    const loadBalancer = this.loadBalancer(logs);
    const targetGroup = this.targetGroup();
    const certificate = new Certificate(this, "certificate", { domain, hostedZoneId });
    const listeners = this.listeners(loadBalancer, targetGroup, certificate);
    const waf = props.waf ? this.webAcl(loadBalancer, isOpen) : undefined;
    const distribution =
      props.cdn &&
      new CloudfrontDistribution(this, "cdn", {
        ...props,
        validationRecordFqdn: certificate.validationRecordFqdn,
        loadBalancer,
        webAclArn: waf?.webAclArn,
        // The networks are of IPv4: who may come from one must not be kept out for having IPv6 as well.
        ipv6: isOpen,
        accessLogs: logs,
        dependsOn: listeners,
      });
    const alias = distribution?.alias ?? {
      name: loadBalancer.dnsName,
      zoneId: loadBalancer.zoneId,
      evaluateTargetHealth: true,
    };
    const site = { zoneId: hostedZoneId, name: domain, alias };
    const records = [new Route53Record(this, "record", { ...site, type: "A" })];
    if (props.cdn !== undefined && isOpen)
      records.push(new Route53Record(this, "record-ipv6", { ...site, type: "AAAA" }));

    this.targetGroupArn = targetGroup.arn;
    this.loadBalancerArn = loadBalancer.arn;
    this.metricDimensions = { LoadBalancer: loadBalancer.arnSuffix, TargetGroup: targetGroup.arnSuffix };
    const proxyCidrs = props.cdn?.subnetCidrs ?? props.publicSubnetCidrs;
    this.route = { kind: "target-group", targetGroupArn: targetGroup.arn, proxyCidrs };
    this.ready = [...listeners, ...records, ...(waf?.ready ?? [])];
  }

  private accessLogs(): AccessLogBucket {
    const { name, account, region, accessLogRetentionDays, protection, cdn } = this.props;
    return new AccessLogBucket(this, "access-logs", {
      bucketName: `${name}-access-logs-${account}`,
      account,
      region,
      retentionDays: accessLogRetentionDays ?? 90,
      deliverySourceName: cdn && CloudfrontDistribution.deliverySourceName(name),
      protection,
    });
  }

  private loadBalancer(logs: AccessLogBucket): Lb {
    const { name, protection, cdn } = this.props;
    const place =
      cdn === undefined
        ? { name, internal: false, subnets: [...this.props.publicSubnetIds] }
        : {
            name: `${name}-cdn`,
            internal: true,
            subnets: [...cdn.subnetIds],
            // CloudFront has put the visitor's address last, and its own, which this would add, is nobody's.
            xffHeaderProcessingMode: "preserve",
          };
    // Another address where it is internal: it is another load balancer, whatever protects the first.
    return new Lb(this, cdn === undefined ? "load-balancer" : "internal-load-balancer", {
      ...place,
      loadBalancerType: "application",
      ipAddressType: "ipv4",
      securityGroups: [this.securityGroup().id],
      dropInvalidHeaderFields: true,
      preserveHostHeader: true,
      enableZonalShift: true,
      enableDeletionProtection: isGuarded(protection),
      // Moodle unpacks an uploaded course before it answers.
      idleTimeout: 300,
      accessLogs: { enabled: true, bucket: logs.bucketName },
      lifecycle: { preventDestroy: isGuarded(protection) },
      dependsOn: [...logs.ready],
    });
  }

  private securityGroup(): SecurityGroup {
    const { name, allowedCidrs, servicePort = 8080, healthCheckPort = servicePort, cdn } = this.props;
    const group = loadBalancerSecurityGroup(this, {
      ...this.props,
      name: `${name}-alb`,
      of: "site",
      allowedCidrs: cdn === undefined ? allowedCidrs : [],
      podPorts: { "": servicePort, ...(healthCheckPort === servicePort ? {} : { "health-": healthCheckPort }) },
    });
    if (cdn !== undefined) admitCloudfront(this, group);
    return group;
  }

  private targetGroup(): LbTargetGroup {
    const { name, vpcId, healthCheckPort, healthCheckPath = "/health" } = this.props;
    return new LbTargetGroup(this, "target-group", {
      name: `${name}-web`,
      targetType: "ip",
      protocol: "HTTP",
      // Whatever the pods' port is, which is named when a pod is registered: a target group of another port is another one.
      port: 8080,
      vpcId,
      // Requests differ a hundredfold in length: a new one goes to the pod with the fewest under way.
      loadBalancingAlgorithmType: "least_outstanding_requests",
      // As long as a pod that goes waits for what it answers: then the load balancer cuts it off.
      deregistrationDelay: "340",
      healthCheck: {
        path: healthCheckPath,
        port: healthCheckPort === undefined ? undefined : String(healthCheckPort),
        protocol: "HTTP",
        matcher: "200",
        interval: 10,
        timeout: 5,
        healthyThreshold: 2,
        unhealthyThreshold: 3,
      },
    });
  }

  private webAcl({ arn }: Lb, isOpen: boolean): WebAcl {
    const { name, loginRequestsPerMinute, allowedCidrs, cdn } = this.props;
    return new WebAcl(this, "waf", {
      name,
      loginRequestsPerMinute,
      ...(cdn === undefined ? { resourceArn: arn } : { allowedCidrs: isOpen ? undefined : allowedCidrs }),
    });
  }

  private listeners(loadBalancer: Lb, targetGroup: LbTargetGroup, certificate: Certificate): ITerraformDependable[] {
    const https = new LbListener(this, "https", {
      loadBalancerArn: loadBalancer.arn,
      port: 443,
      protocol: "HTTPS",
      // TLS 1.3 and 1.2, forward secrecy and authenticated encryption only.
      sslPolicy: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
      certificateArn: certificate.certificateArn,
      routingHttpResponseServerEnabled: false,
      routingHttpResponseStrictTransportSecurityHeaderValue: "max-age=31536000",
      // Whoever asks for another host, most of all by address, is a scanner.
      defaultAction: [{ type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode: "404" } }],
    });
    const site = new LbListenerRule(this, "site", {
      listenerArn: https.arn,
      priority: 1,
      condition: [{ hostHeader: { values: [this.props.domain] } }],
      action: [{ type: "forward", targetGroupArn: targetGroup.arn }],
    });
    return [...(this.props.cdn === undefined ? [this.redirect(loadBalancer)] : []), https, site];
  }

  private redirect(loadBalancer: Lb): LbListener {
    return new LbListener(this, "http", {
      loadBalancerArn: loadBalancer.arn,
      port: 80,
      protocol: "HTTP",
      defaultAction: [{ type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } }],
    });
  }
}
