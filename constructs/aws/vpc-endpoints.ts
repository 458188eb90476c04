import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

/** What nodes and pods call all the time; the rest goes through NAT. */
const INTERFACE_SERVICES = ["ecr.api", "ecr.dkr", "sts", "secretsmanager", "logs", "eks-auth"];

/** No charge, so both are always there. */
const GATEWAY_SERVICES = ["s3", "dynamodb"];

export interface VpcEndpointsProps {
  /** First part of the endpoints' names. */
  readonly name: string;
  readonly region: string;
  readonly vpcId: string;
  /** Range whose addresses may use the interface endpoints. */
  readonly cidr: string;
  /** One subnet a zone, for the interface endpoints. */
  readonly subnetIds: readonly string[];
  /** Route tables of the subnets that use the gateway endpoints. */
  readonly routeTableIds: readonly string[];
}

/** Ways to AWS's own services that stay inside the VPC. */
export class VpcEndpoints extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: VpcEndpointsProps) {
    super(scope, id);
    const { name, region, vpcId } = props;
    const securityGroup = new SecurityGroup(this, "security-group", {
      name: `${name}-vpc-endpoints`,
      description: "Interface endpoints of AWS services",
      vpcId,
      tags: { Name: `${name}-vpc-endpoints` },
    });
    const ingress = new VpcSecurityGroupIngressRule(this, "https", {
      securityGroupId: securityGroup.id,
      description: "HTTPS from the VPC",
      cidrIpv4: props.cidr,
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
    });
    const gateways = GATEWAY_SERVICES.map(
      (service) =>
        new VpcEndpoint(this, service, {
          vpcId,
          serviceName: `com.amazonaws.${region}.${service}`,
          vpcEndpointType: "Gateway",
          routeTableIds: [...props.routeTableIds],
          tags: { Name: `${name}-${service}` },
        }),
    );
    const interfaces = INTERFACE_SERVICES.map(
      (service) =>
        new VpcEndpoint(this, service, {
          vpcId,
          serviceName: `com.amazonaws.${region}.${service}`,
          vpcEndpointType: "Interface",
          privateDnsEnabled: true,
          subnetIds: [...props.subnetIds],
          securityGroupIds: [securityGroup.id],
          tags: { Name: `${name}-${service.replace(".", "-")}` },
        }),
    );
    this.ready = [ingress, ...gateways, ...interfaces];
  }
}
