import { DataAwsEc2ManagedPrefixList } from "@cdktf/provider-aws/lib/data-aws-ec2-managed-prefix-list";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { Construct } from "constructs";

export interface LoadBalancerSecurityGroupProps {
  readonly name: string;
  readonly vpcId: string;
  /** Whose load balancer it is, for people who read the rules. */
  readonly of: string;
  /** Networks of the users. */
  readonly allowedCidrs: readonly string[];
  readonly clusterSecurityGroupId: string;
  /** Ports of the pods, by the first part of their rules' ids. */
  readonly podPorts: Readonly<Record<string, number>>;
}

/**
 * Lets users in by HTTP and HTTPS, and the load balancer through to the pods, in the scope of the edge that it is for. The rules
 * are resources of their own, so that neither of the two groups has to wait for the other.
 */
export function loadBalancerSecurityGroup(scope: Construct, props: LoadBalancerSecurityGroupProps): SecurityGroup {
  const { name, vpcId, of, allowedCidrs, clusterSecurityGroupId, podPorts } = props;
  const group = new SecurityGroup(scope, "security-group", {
    name,
    description: `Load balancer of the ${of}`,
    vpcId,
    tags: { Name: name },
  });
  for (const cidrIpv4 of allowedCidrs) {
    for (const [protocol, port] of [
      ["http", 80],
      ["https", 443],
    ] as const) {
      new VpcSecurityGroupIngressRule(scope, `${protocol}-from-${cidrIpv4}`, {
        securityGroupId: group.id,
        description: `${protocol.toUpperCase()} from users`,
        cidrIpv4,
        ipProtocol: "tcp",
        fromPort: port,
        toPort: port,
      });
    }
  }
  for (const [use, port] of Object.entries(podPorts)) {
    const toPods = { ipProtocol: "tcp", fromPort: port, toPort: port };
    new VpcSecurityGroupEgressRule(scope, `${use}to-pods`, {
      securityGroupId: group.id,
      description: `Pods of the ${of}`,
      referencedSecurityGroupId: clusterSecurityGroupId,
      ...toPods,
    });
    new VpcSecurityGroupIngressRule(scope, `${use}pods-from-load-balancer`, {
      securityGroupId: clusterSecurityGroupId,
      description: `Load balancer of the ${of}`,
      referencedSecurityGroupId: group.id,
      ...toPods,
    });
  }
  return group;
}

/**
 * Lets CloudFront in by HTTPS, by the list that AWS keeps of the addresses from which it asks origins. The list counts as 55 of the
 * 60 rules that a group may have for what comes in.
 * Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
 */
export function admitCloudfront(scope: Construct, group: SecurityGroup): void {
  const addresses = new DataAwsEc2ManagedPrefixList(scope, "cloudfront-addresses", {
    name: "com.amazonaws.global.cloudfront.origin-facing",
  });
  new VpcSecurityGroupIngressRule(scope, "https-from-cloudfront", {
    securityGroupId: group.id,
    description: "HTTPS from CloudFront",
    prefixListId: addresses.id,
    ipProtocol: "tcp",
    fromPort: 443,
    toPort: 443,
  });
}
