import { EksNodeGroup } from "@cdktf/provider-aws/lib/eks-node-group";
import { LaunchTemplate } from "@cdktf/provider-aws/lib/launch-template";
import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import type { NodePlacement } from "../ports";
import { NodeRole } from "./node-role";

const TAINT = "CriticalAddonsOnly";
const LABELS = { "node-pool": "system" };

/** How a pod gets onto the system nodes, which repel every other. */
export const SYSTEM_PLACEMENT: NodePlacement = {
  nodeSelector: LABELS,
  tolerations: [{ key: TAINT, operator: "Exists" }],
};

export interface SystemNodesProps {
  /** First part of the names of role, launch template and node group. */
  readonly name: string;
  readonly region: string;
  readonly clusterName: string;
  /** Kubernetes version of the nodes. */
  readonly version: string;
  /** Private subnets. */
  readonly subnetIds: readonly string[];
  /** Graviton or x86; the image follows. */
  readonly instanceType: string;
  readonly count: number;
  /** Key of the volumes; its policy must admit EBS. */
  readonly keyArn: string;
  /** Tags of instances and volumes, which a provider's default tags do not reach. @default none */
  readonly instanceTags?: Readonly<Record<string, string>>;
  /** What nodes need to become ready: network add-ons, routes and endpoints. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * Nodes for the cluster's own programs, above all for Karpenter, which makes every other node. Bottlerocket: a read-only
 * root file system, no shell, and updates as a whole. They are tainted, so that Moodle never starves CoreDNS.
 */
export class SystemNodes extends Construct {
  readonly nodeRoleArn: string;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: SystemNodesProps) {
    super(scope, id);
    const role = new NodeRole(this, "role", { name: `${props.name}-system-nodes`, region: props.region });
    const template = this.launchTemplate(props);
    const nodeGroup = new EksNodeGroup(this, "node-group", {
      clusterName: props.clusterName,
      // A prefix, because a change of instance type makes the new group before the old one goes.
      nodeGroupNamePrefix: `${props.name}-system-`,
      nodeRoleArn: role.roleArn,
      version: props.version,
      subnetIds: [...props.subnetIds],
      amiType: isGraviton(props.instanceType) ? "BOTTLEROCKET_ARM_64" : "BOTTLEROCKET_x86_64",
      capacityType: "ON_DEMAND",
      instanceTypes: [props.instanceType],
      launchTemplate: { id: template.id, version: Token.asString(template.latestVersion) },
      scalingConfig: { minSize: props.count, desiredSize: props.count, maxSize: props.count + 1 },
      updateConfig: { maxUnavailable: 1 },
      nodeRepairConfig: { enabled: true },
      labels: LABELS,
      taint: [{ key: TAINT, value: "true", effect: "NO_SCHEDULE" }],
      lifecycle: { createBeforeDestroy: true },
      dependsOn: [...role.ready, ...props.dependsOn],
    });
    this.nodeRoleArn = role.roleArn;
    this.ready = [nodeGroup];
  }

  private launchTemplate({ name, keyArn, instanceTags }: SystemNodesProps): LaunchTemplate {
    const tags = { Name: `${name}-system`, ...instanceTags };
    const volume = (deviceName: string, volumeSize: number) => ({
      deviceName,
      ebs: { volumeType: "gp3", volumeSize, encrypted: "true", kmsKeyId: keyArn, deleteOnTermination: "true" },
    });
    return new LaunchTemplate(this, "launch-template", {
      name: `${name}-system`,
      updateDefaultVersion: true,
      // Bottlerocket keeps itself on the first volume; images, logs and pods' own data are on the second.
      blockDeviceMappings: [volume("/dev/xvda", 4), volume("/dev/xvdb", 50)],
      // One hop: a pod outside the host's network cannot reach the node's credentials.
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      monitoring: { enabled: true },
      tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({ resourceType, tags })),
    });
  }
}

/**
 * Whether an instance type has an Arm processor: a `g` among the letters behind the generation.
 * Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
 */
export function isGraviton(instanceType: string): boolean {
  return /^[a-z]+\d+[a-z]*g[a-z]*\./.test(instanceType);
}
