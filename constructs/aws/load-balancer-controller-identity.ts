import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { WorkloadIdentity } from "../ports";
import { PodIdentity } from "./pod-identity";

export interface LoadBalancerControllerIdentityProps {
  /** First part of the role's name: at most 35 characters. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly clusterName: string;
  /** The only target groups in which the controller may register pods. */
  readonly targetGroupArns: readonly string[];
}

/**
 * Identity of the AWS Load Balancer Controller where Terraform owns the load balancer and the controller does nothing
 * but register pods in target groups, by TargetGroupBinding without `networking`. The policy that the controller
 * documents lets it make and delete load balancers and security groups; of that, this one leaves what its code calls for
 * a TargetGroupBinding: register and deregister; health of the targets; the target group's type, VPC and protocol, which
 * its webhook fills in; the VPC's ranges; and the security groups among which it looks for rules of its own.
 * Source: https://github.com/kubernetes-sigs/aws-load-balancer-controller/tree/v3.5.0/pkg/targetgroupbinding
 */
export class LoadBalancerControllerIdentity extends Construct implements WorkloadIdentity {
  readonly namespace = "kube-system";
  readonly serviceAccountName = "aws-load-balancer-controller";
  readonly roleArn: string;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: LoadBalancerControllerIdentityProps) {
    super(scope, id);
    const { name, account, region, clusterName, targetGroupArns } = props;
    const identity = new PodIdentity(this, "identity", {
      name,
      account,
      region,
      clusterName,
      namespace: this.namespace,
      serviceAccountName: this.serviceAccountName,
      statements: [
        {
          Effect: "Allow",
          Action: ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"],
          Resource: targetGroupArns,
        },
        {
          Effect: "Allow",
          Action: [
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeVpcs",
          ],
          Resource: "*",
          Condition: { StringEquals: { "aws:RequestedRegion": region } },
        },
      ],
    });
    this.roleArn = identity.roleArn;
    this.ready = identity.ready;
  }
}
