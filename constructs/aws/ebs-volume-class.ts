import { StorageClassV1 } from "@cdktf/provider-kubernetes/lib/storage-class-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

export interface EbsVolumeClassProps {
  /** Name of the class, such as `moodle-production-1`. */
  readonly name: string;
  /** Encrypts the volumes; its policy must admit EBS. */
  readonly keyArn: string;
  /** The cluster's `access.ready`: the class needs the EBS driver. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * A storage class of encrypted gp3 disks, each for one pod and gone with its claim. EKS has no default class since 1.30
 * (https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html), and the one that its add-on offers
 * knows no key.
 */
export class EbsVolumeClass extends Construct {
  readonly className: string;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, { name, keyArn, dependsOn }: EbsVolumeClassProps) {
    super(scope, id);
    const storageClass = new StorageClassV1(this, "class", {
      metadata: { name },
      storageProvisioner: "ebs.csi.aws.com",
      parameters: { type: "gp3", encrypted: "true", kmsKeyId: keyArn },
      reclaimPolicy: "Delete",
      // A disk is in one zone: that of the pod's node.
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
      dependsOn: [...dependsOn],
    });
    this.className = name;
    this.ready = [storageClass];
  }
}
