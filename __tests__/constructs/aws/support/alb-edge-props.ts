import type { AlbEdgeProps } from "../../../../constructs/aws/alb-edge";

/** A site for two networks, behind AWS WAF. */
export const albEdgeProps: AlbEdgeProps = {
  name: "moodle-production-1",
  account: "123456789012",
  region: "eu-central-1",
  domain: "moodle.example.edu",
  hostedZoneId: "Z0123456789ABC",
  vpcId: "vpc-one",
  publicSubnetIds: ["subnet-public-a", "subnet-public-b"],
  publicSubnetCidrs: ["10.20.128.0/21", "10.20.136.0/21"],
  clusterSecurityGroupId: "sg-cluster",
  allowedCidrs: ["192.0.2.0/24", "198.51.100.0/24"],
  waf: true,
};
