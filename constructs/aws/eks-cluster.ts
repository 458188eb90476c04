import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { EksCluster as AwsEksCluster } from "@cdktf/provider-aws/lib/eks-cluster";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { Fn, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import type { ClusterAccess } from "../ports";
import { ClusterAdministrator } from "./cluster-administrator";
import { DNS_ADDONS, EksAddons, NETWORK_ADDONS, SERVICE_ADDONS } from "./eks-addons";
import { managedPolicyArn, partition, policyDocument, trustPolicy } from "./iam-policy";
import { SYSTEM_PLACEMENT, SystemNodes } from "./system-nodes";

export interface EksClusterProps {
  /** Name of the cluster and first part of every other name. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** Kubernetes minor version, such as 1.35. */
  readonly kubernetesVersion: string;
  /** Private subnets, for nodes and pods. */
  readonly subnetIds: readonly string[];
  /** Subnets for the control plane's network interfaces, in two zones or more. */
  readonly intraSubnetIds: readonly string[];
  /** Addresses of Kubernetes services: between /24 and /12, apart from the VPC. */
  readonly serviceIpv4Cidr: string;
  /** Networks that reach the API server from outside the VPC. @default none: the endpoint is private */
  readonly publicAccessCidrs?: readonly string[];
  /** ARN of the IAM role or user that runs Terraform: it administers what is in the cluster. */
  readonly deployerArn: string;
  /** ARNs of further IAM roles and users that administer the cluster. @default none */
  readonly administrators?: readonly string[];
  /** Key of secrets, logs and volumes; its policy must admit CloudWatch Logs and EBS. */
  readonly keyArn: string;
  /** Days that the control plane's logs are kept. @default 90 */
  readonly logRetentionDays?: number;
  /** Nodes for the cluster's own programs: two or more. */
  readonly systemNodes: { readonly instanceType: string; readonly count: number };
  /** Versions of add-ons by name. @default EKS's default for the Kubernetes version */
  readonly addonVersions?: Readonly<Record<string, string>>;
  /** Tags of instances and volumes, which a provider's default tags do not reach. @default none */
  readonly instanceTags?: Readonly<Record<string, string>>;
  /** @default "protected": neither Terraform nor EKS deletes it */
  readonly protection?: Protection;
  /** What nodes need before they can join: routes to the internet, and endpoints. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * An EKS cluster with its add-ons and system nodes. Access is by access entries alone: nobody administers it because
 * they made it. Programs get their roles by Pod Identity.
 */
export class EksCluster extends Construct {
  readonly access: ClusterAccess;
  /** A reference, so that whatever takes it waits for the cluster. */
  readonly clusterName: string;
  readonly endpoint: string;
  /** Security group of control plane, nodes and pods, which EKS itself makes. */
  readonly clusterSecurityGroupId: string;
  /** Role of the system nodes. */
  readonly nodeRoleArn: string;

  constructor(scope: Construct, id: string, props: EksClusterProps) {
    super(scope, id);
    this.check(props);
    const { name, account, region } = props;
    const cluster = this.controlPlane(props);
    const administrators = [props.deployerArn, ...(props.administrators ?? [])].filter(isFirst).map(
      (principalArn, index) =>
        new ClusterAdministrator(this, index === 0 ? "deployer" : `administrator-${principalArn.split(":").at(-1)}`, {
          clusterName: cluster.name,
          region,
          principalArn,
        }),
    );
    const addons = { name, account, region, clusterName: cluster.name, versions: props.addonVersions ?? {} };
    const network = new EksAddons(this, "network-addons", { ...addons, addons: NETWORK_ADDONS, dependsOn: [] });
    const nodes = new SystemNodes(this, "system-nodes", {
      name,
      region,
      clusterName: cluster.name,
      version: props.kubernetesVersion,
      subnetIds: props.subnetIds,
      ...props.systemNodes,
      keyArn: props.keyArn,
      instanceTags: props.instanceTags,
      dependsOn: [...network.ready, ...props.dependsOn],
    });
    const dns = new EksAddons(this, "dns-addons", { ...addons, addons: DNS_ADDONS, dependsOn: nodes.ready });
    const services = new EksAddons(this, "addons", { ...addons, addons: SERVICE_ADDONS, dependsOn: dns.ready });

    this.clusterName = cluster.name;
    this.endpoint = cluster.endpoint;
    this.clusterSecurityGroupId = cluster.vpcConfig.clusterSecurityGroupId;
    this.nodeRoleArn = nodes.nodeRoleArn;
    this.access = {
      clusterName: name,
      host: cluster.endpoint,
      caCertificate: Fn.base64decode(cluster.certificateAuthority.get(0).data),
      exec: {
        apiVersion: "client.authentication.k8s.io/v1beta1",
        command: "aws",
        args: ["eks", "get-token", "--cluster-name", name, "--region", region],
      },
      ready: [
        ...administrators.flatMap((administrator) => administrator.ready),
        ...network.ready,
        ...nodes.ready,
        ...dns.ready,
        ...services.ready,
      ],
      // Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
      identityEndpoints: [{ cidr: "169.254.170.23/32", port: 80 }],
      systemNodes: SYSTEM_PLACEMENT,
    };
  }

  private check({ publicAccessCidrs, systemNodes }: EksClusterProps): void {
    if (publicAccessCidrs?.some((cidr) => cidr.endsWith("/0"))) {
      refuse(this.node.path, {
        path: "publicAccessCidrs",
        given: publicAccessCidrs,
        allowed: "networks of your own, not the whole internet",
        remedy: "name the networks that deployers come from, or none and deploy from inside the VPC",
      });
    }
    if (systemNodes.count < 2) {
      refuse(this.node.path, {
        path: "systemNodes.count",
        given: systemNodes.count,
        allowed: "2 or more: the replicas of Karpenter and CoreDNS never share a node",
        remedy: "raise the count",
      });
    }
  }

  private controlPlane(props: EksClusterProps): AwsEksCluster {
    const { name, publicAccessCidrs = [] } = props;
    const logGroup = new CloudwatchLogGroup(this, "log-group", {
      // EKS writes to exactly this name.
      name: `/aws/eks/${name}/cluster`,
      retentionInDays: props.logRetentionDays ?? 90,
      kmsKeyId: props.keyArn,
    });
    const role = new IamRole(this, "role", {
      name: `${name}-cluster`,
      assumeRolePolicy: trustPolicy("eks.amazonaws.com", {
        StringEquals: { "aws:SourceAccount": props.account },
        ArnLike: {
          "aws:SourceArn": `arn:${partition(props.region)}:eks:${props.region}:${props.account}:cluster/${name}`,
        },
      }),
    });
    const attachment = new IamRolePolicyAttachment(this, "AmazonEKSClusterPolicy", {
      role: role.name,
      policyArn: managedPolicyArn(props.region, "AmazonEKSClusterPolicy"),
    });
    const policy = new IamRolePolicy(this, "policy", {
      name: "permissions",
      role: role.name,
      policy: policyDocument([
        {
          Effect: "Allow",
          Action: ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"],
          Resource: props.keyArn,
        },
        // Otherwise the last lines of a cluster that is being destroyed make the log group anew, and the next
        // deployment finds its name taken.
        { Effect: "Deny", Action: "logs:CreateLogGroup", Resource: "*" },
      ]),
    });
    return new AwsEksCluster(this, "cluster", {
      name,
      version: props.kubernetesVersion,
      roleArn: role.arn,
      bootstrapSelfManagedAddons: false,
      deletionProtection: isGuarded(props.protection),
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
      vpcConfig: {
        subnetIds: [...props.intraSubnetIds],
        endpointPrivateAccess: true,
        endpointPublicAccess: publicAccessCidrs.length > 0,
        publicAccessCidrs: publicAccessCidrs.length > 0 ? [...publicAccessCidrs] : undefined,
      },
      kubernetesNetworkConfig: { ipFamily: "ipv4", serviceIpv4Cidr: props.serviceIpv4Cidr },
      encryptionConfig: { provider: { keyArn: props.keyArn }, resources: ["secrets"] },
      enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
      upgradePolicy: { supportType: "STANDARD" },
      zonalShiftConfig: { enabled: true },
      lifecycle: { preventDestroy: isGuarded(props.protection) },
      dependsOn: [logGroup, attachment, policy],
    });
  }
}

function isFirst(value: string, index: number, all: readonly string[]): boolean {
  return all.indexOf(value) === index;
}
