import { PersistentVolumeV1 } from "@cdktf/provider-kubernetes/lib/persistent-volume-v1";
import type { ITerraformDependable, TerraformResourceLifecycle } from "cdktf";
import type { Construct } from "constructs";
import type { SharedFileSystem } from "../ports";

export interface SharedVolumeProps {
  /** Name of the volume, and the storage class by which its one claim finds it. */
  readonly name: string;
  readonly files: SharedFileSystem;
  readonly lifecycle?: TerraformResourceLifecycle;
  /** What must exist first beside the file system: the cluster. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** A shared file system as a volume that many pods write to; it outlives its claim. */
export function sharedVolume(
  scope: Construct,
  { name, files, lifecycle, dependsOn }: SharedVolumeProps,
): PersistentVolumeV1 {
  return new PersistentVolumeV1(scope, "volume", {
    metadata: { name },
    spec: [
      {
        accessModes: ["ReadWriteMany"],
        capacity: { storage: `${files.capacityGb}Gi` },
        persistentVolumeReclaimPolicy: "Retain",
        storageClassName: name,
        mountOptions: [...files.mountOptions],
        persistentVolumeSource: {
          csi: {
            driver: files.csiDriver,
            volumeHandle: files.volumeHandle,
            volumeAttributes: { ...files.volumeAttributes },
          },
        },
      },
    ],
    lifecycle,
    dependsOn: [...dependsOn, ...files.ready],
  });
}
