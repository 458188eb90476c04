/** `moodle-platform/aws`: constructs in AWS's own terms. The parts that they are made of are not exported. */
export * from "./budget-alarm";
export * from "./eks-cluster";
export * from "./elasticache-redis";
export type { PolicyStatement } from "./iam-policy";
export * from "./karpenter";
export * from "./kms-key";
export * from "./load-balancer-controller-identity";
export * from "./load-balancer-edge";
export * from "./object-bucket";
export * from "./object-bucket-replica";
export * from "./pod-identity";
export * from "./pod-identity-role";
export * from "./rds-database";
export * from "./secret";
export * from "./shared-files";
export * from "./vpc";
