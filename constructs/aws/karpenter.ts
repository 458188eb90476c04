import { EksAccessEntry } from "@cdktf/provider-aws/lib/eks-access-entry";
import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import { BOTTLEROCKET, CHARTS } from "../versions";
import { InterruptionQueue } from "./interruption-queue";
import { karpenterPermissions } from "./karpenter-permissions";
import { NodeRole } from "./node-role";
import { PodIdentity } from "./pod-identity";

const NAMESPACE = "kube-system";
const SERVICE_ACCOUNT = "karpenter";

type CapacityType = "on-demand" | "spot";

export interface KarpenterProps {
  /** First part of every resource's name. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly clusterName: string;
  /** URL of the API server. */
  readonly clusterEndpoint: string;
  /** Security group of the cluster, which nodes join. */
  readonly clusterSecurityGroupId: string;
  /** Key of the volumes; its policy must admit EBS. */
  readonly keyArn: string;
  readonly nodes: {
    /** How nodes are bought. Where no spot instance is to be had, `spot` falls back on demand. */
    readonly capacityType: CapacityType;
    /** Processors at most over all nodes. */
    readonly cpuLimit: number;
    /** GiB at most over all nodes. */
    readonly memoryLimitGb: number;
    /** Add arm64 where every image of yours has it. @default amd64 */
    readonly architectures?: readonly ("amd64" | "arm64")[];
  };
  /** A pool of nodes with GPUs, tainted `nvidia.com/gpu`, that scales from zero. @default none */
  readonly gpu?: {
    readonly instanceTypes: readonly string[];
    /** GPUs at most. */
    readonly limit: number;
    readonly capacityType: CapacityType;
  };
  /** Tags of instances and volumes, which a provider's default tags do not reach. @default none */
  readonly instanceTags?: Readonly<Record<string, string>>;
  /** Mirror of the upstream charts. @default each chart's own repository */
  readonly chartRegistry?: string;
  /** The cluster's `access.ready`: Karpenter runs on its system nodes. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * Karpenter makes the nodes that pods wait for, and takes them away again. `ready` is the release of the node pools:
 * what runs on their nodes depends on it, so that destroying goes in reverse and leaves no instance behind.
 */
export class Karpenter extends Construct {
  readonly ready: readonly ITerraformDependable[];
  /** Role of the nodes that Karpenter makes. */
  readonly nodeRoleArn: string;

  constructor(scope: Construct, id: string, props: KarpenterProps) {
    super(scope, id);
    const { account, region, clusterName, chartRegistry } = props;
    const name = `${props.name}-karpenter`;
    const queue = new InterruptionQueue(this, "interruptions", { name });
    const nodeRole = new NodeRole(this, "node-role", { name: `${name}-nodes`, region });
    const instanceProfile = new IamInstanceProfile(this, "instance-profile", {
      name: `${name}-nodes`,
      role: nodeRole.roleName,
    });
    const nodeAccess = new EksAccessEntry(this, "node-access", {
      clusterName,
      principalArn: nodeRole.roleArn,
      type: "EC2_LINUX",
    });
    const identity = new PodIdentity(this, "identity", {
      name: props.name,
      account,
      region,
      clusterName,
      namespace: NAMESPACE,
      serviceAccountName: SERVICE_ACCOUNT,
      statements: karpenterPermissions({
        account,
        region,
        clusterName,
        nodeRoleArn: nodeRole.roleArn,
        interruptionQueueArn: queue.queueArn,
      }),
    });

    const crds = new ChartRelease(this, "crds", {
      chart: CHARTS.karpenterCrd,
      namespace: NAMESPACE,
      timeout: 300,
      chartRegistry,
      dependsOn: props.dependsOn,
    });
    const controller = new ChartRelease(this, "controller", {
      chart: CHARTS.karpenter,
      namespace: NAMESPACE,
      skipCrds: true,
      timeout: 900,
      chartRegistry,
      values: controllerValues(props, queue.queueName),
      dependsOn: [...props.dependsOn, crds.release, ...identity.ready, ...queue.ready],
    });
    const nodePools = new ChartRelease(this, "node-pools", {
      chart: { local: "karpenter-node-pools" },
      namespace: NAMESPACE,
      // Uninstalling waits until every node is drained, which a node pool allows two hours.
      timeout: 9000,
      values: nodePoolValues(props, instanceProfile.name),
      dependsOn: [controller.release, nodeAccess, instanceProfile, ...nodeRole.ready],
    });
    this.ready = [nodePools.release];
    this.nodeRoleArn = nodeRole.roleArn;
  }
}

function controllerValues(props: KarpenterProps, interruptionQueue: string) {
  return {
    replicas: 2,
    serviceAccount: { name: SERVICE_ACCOUNT },
    // The node's resolver: nodes must come even while cluster DNS is down.
    dnsPolicy: "Default",
    controller: {
      resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { memory: "1Gi" } },
      env: [{ name: "AWS_REGION", value: props.region }],
    },
    settings: {
      clusterName: props.clusterName,
      clusterEndpoint: props.clusterEndpoint,
      eksControlPlane: true,
      interruptionQueue,
      enableZonalShift: true,
      featureGates: { nodeRepair: true },
    },
  };
}

function nodePoolValues(props: KarpenterProps, instanceProfile: string) {
  const { nodes, gpu } = props;
  return {
    clusterName: props.clusterName,
    securityGroupId: props.clusterSecurityGroupId,
    instanceProfile,
    bottlerocketVersion: BOTTLEROCKET,
    keyArn: props.keyArn,
    tags: props.instanceTags ?? {},
    general: {
      architectures: nodes.architectures ?? ["amd64"],
      capacityTypes: capacityTypes(nodes.capacityType),
      cpuLimit: nodes.cpuLimit,
      memoryLimit: `${nodes.memoryLimitGb}Gi`,
    },
    gpu: gpu && {
      instanceTypes: gpu.instanceTypes,
      limit: gpu.limit,
      capacityTypes: capacityTypes(gpu.capacityType),
      // Model servers have images of ten GiB and more, and keep models beside them.
      volumeSize: "300Gi",
    },
  };
}

function capacityTypes(capacityType: CapacityType): CapacityType[] {
  return capacityType === "spot" ? ["spot", "on-demand"] : ["on-demand"];
}
