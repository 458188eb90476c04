import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { Construct } from "constructs";

export interface DataSecurityGroupProps {
  readonly name: string;
  /** What the group protects, as the console shows it. */
  readonly description: string;
  readonly vpcId: string;
  readonly port: number;
  /** Security groups whose members may connect: the cluster's nodes and pods. */
  readonly clientSecurityGroupIds: readonly string[];
}

/** Lets clients reach one port of a data service. Nothing goes out: Terraform takes away AWS's allow-all egress rule. */
export class DataSecurityGroup extends Construct {
  readonly securityGroupId: string;
  readonly ingressRules: readonly VpcSecurityGroupIngressRule[];

  constructor(scope: Construct, id: string, props: DataSecurityGroupProps) {
    super(scope, id);
    const { name, description, vpcId, port } = props;
    const group = new SecurityGroup(this, "group", { name, description, vpcId, tags: { Name: name } });
    this.securityGroupId = group.id;
    this.ingressRules = props.clientSecurityGroupIds.map(
      (client, index) =>
        new VpcSecurityGroupIngressRule(this, `client-${index}`, {
          securityGroupId: group.id,
          description: "From the cluster",
          referencedSecurityGroupId: client,
          ipProtocol: "tcp",
          fromPort: port,
          toPort: port,
        }),
    );
  }
}
