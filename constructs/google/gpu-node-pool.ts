import { ContainerNodePool } from "@cdktf/provider-google/lib/container-node-pool";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { gpusOfMachineType } from "./gpu-machine-types";
import { hardenedNodeConfig } from "./node-config";

export interface GpuNodePoolProps {
  readonly clusterName: string;
  readonly project: string;
  /** The cluster's own location. */
  readonly location: string;
  /** Zones of the cluster that offer the accelerator. @default all of them */
  readonly zones?: readonly string[];
  /** A machine type that takes the accelerator: `g2-standard-4` for one `nvidia-l4`. */
  readonly machineType: string;
  /** Accelerator type, such as `nvidia-l4`. */
  readonly accelerator: string;
  /** Accelerators of one node. @default as many as the machine type has, or 1 where it has none of its own */
  readonly acceleratorCount?: number;
  /** Nodes at most, over all zones. */
  readonly limit: number;
  /** Whether nodes may be taken away at any time, for a lower price. @default true */
  readonly spot?: boolean;
  /** Boot disk, in GB: model servers have large images. @default 100 */
  readonly diskSizeGb?: number;
  readonly nodeServiceAccountEmail: string;
}

/**
 * A pool of GPU nodes that scales from zero. The taint keeps everything off that does not ask for a GPU; a pod that
 * asks for `nvidia.com/gpu` tolerates it by itself. GKE installs driver and device plugin.
 *
 * Its nodes count towards the processors and memory that the cluster's nodes may grow to.
 */
export class GpuNodePool extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: GpuNodePoolProps) {
    super(scope, id);
    const own = gpusOfMachineType(props.machineType);
    const acceleratorCount = props.acceleratorCount ?? own ?? 1;
    if (own !== undefined && acceleratorCount !== own) {
      refuse(this.node.path, {
        path: "acceleratorCount",
        given: acceleratorCount,
        allowed: `${own}, as many as ${props.machineType} has`,
        remedy: "leave it out, or choose another machine type",
      });
    }
    const spot = props.spot ?? true;
    const pool = new ContainerNodePool(this, "nodes", {
      name: "gpu",
      project: props.project,
      cluster: props.clusterName,
      location: props.location,
      nodeLocations: props.zones && [...props.zones],
      initialNodeCount: 0,
      autoscaling: {
        totalMinNodeCount: 0,
        totalMaxNodeCount: props.limit,
        // GPUs, and spot ones above all, are had where there are any.
        locationPolicy: "ANY",
      },
      management: { autoRepair: true, autoUpgrade: true },
      // Surplus nodes for an upgrade might not be had.
      upgradeSettings: { strategy: "SURGE", maxSurge: 0, maxUnavailable: 1 },
      nodeConfig: {
        ...hardenedNodeConfig(props.nodeServiceAccountEmail),
        machineType: props.machineType,
        diskSizeGb: props.diskSizeGb ?? 100,
        spot,
        guestAccelerator: [
          {
            type: props.accelerator,
            count: acceleratorCount,
            gpuDriverInstallationConfig: { gpuDriverVersion: "DEFAULT" },
          },
        ],
        taint: [{ key: "nvidia.com/gpu", value: "present", effect: "NO_SCHEDULE" }],
      },
      lifecycle: { ignoreChanges: ["initial_node_count"] },
    });
    this.ready = [pool];
  }
}
