import { EfsAccessPoint } from "@cdktf/provider-aws/lib/efs-access-point";
import { EfsBackupPolicy } from "@cdktf/provider-aws/lib/efs-backup-policy";
import { EfsFileSystem } from "@cdktf/provider-aws/lib/efs-file-system";
import { EfsFileSystemPolicy } from "@cdktf/provider-aws/lib/efs-file-system-policy";
import { EfsMountTarget } from "@cdktf/provider-aws/lib/efs-mount-target";
import { Construct } from "constructs";
import { isGuarded, type Protection } from "../core/protection";
import type { SharedFileSystem } from "../ports";
import { DataSecurityGroup } from "./data-security-group";
import { denyInsecureTransport, policyDocument } from "./iam-policy";

export interface SharedFilesProps {
  /** First part of every name, such as `moodle-production-1`. */
  readonly name: string;
  readonly vpcId: string;
  /** One subnet a zone: each gets a mount target. */
  readonly subnetIds: readonly string[];
  /** Security groups that may mount. */
  readonly clientSecurityGroupIds: readonly string[];
  readonly keyArn: string;
  /** `elastic` bills by what is moved, `bursting` by what is stored. @default "elastic" */
  readonly throughput?: "elastic" | "bursting";
  /** User and group that own every file, whoever writes it: `www-data` in Debian. @default 33 */
  readonly posixId?: number;
  /** @default "protected": daily backups by AWS Backup, kept for 35 days */
  readonly protection?: Protection;
}

/**
 * Amazon EFS behind one access point. The access point fixes the POSIX user, because NFS applies no `fsGroup`.
 *
 * Clients are told apart by the network, not by IAM: the CSI driver would mount with its own identity for every pod of
 * the cluster, so IAM authorization would tell no two pods apart. What holds is the security group, TLS, and a policy that
 * admits nothing but mounts through the mount targets by way of the access point, which hides the rest of the tree.
 */
export class SharedFiles extends Construct {
  readonly fileSystem: SharedFileSystem;
  readonly fileSystemId: string;
  readonly fileSystemArn: string;

  constructor(scope: Construct, id: string, props: SharedFilesProps) {
    super(scope, id);
    const isDisposable = props.protection === "disposable";
    const name = `${props.name}-files`;
    const posixId = props.posixId ?? 33;

    const fileSystem = new EfsFileSystem(this, "file-system", {
      creationToken: name,
      encrypted: true,
      kmsKeyId: props.keyArn,
      performanceMode: "generalPurpose",
      throughputMode: props.throughput ?? "elastic",
      lifecyclePolicy: [{ transitionToIa: "AFTER_30_DAYS" }, { transitionToPrimaryStorageClass: "AFTER_1_ACCESS" }],
      tags: { Name: name },
      lifecycle: { preventDestroy: isGuarded(props.protection) },
    });
    this.fileSystemId = fileSystem.id;
    this.fileSystemArn = fileSystem.arn;
    new EfsBackupPolicy(this, "backup", {
      fileSystemId: fileSystem.id,
      // Its recovery points would outlive a disposable file system.
      backupPolicy: { status: isDisposable ? "DISABLED" : "ENABLED" },
    });
    const accessPoint = new EfsAccessPoint(this, "access-point", {
      fileSystemId: fileSystem.id,
      posixUser: { uid: posixId, gid: posixId },
      rootDirectory: {
        path: "/moodle",
        creationInfo: { ownerUid: posixId, ownerGid: posixId, permissions: "0770" },
      },
      tags: { Name: name },
    });
    const policy = new EfsFileSystemPolicy(this, "policy", {
      fileSystemId: fileSystem.id,
      policy: policyDocument([
        {
          Sid: "MountByAccessPoint",
          Effect: "Allow",
          Principal: { AWS: "*" },
          Action: ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
          Resource: fileSystem.arn,
          Condition: {
            Bool: { "elasticfilesystem:AccessedViaMountTarget": "true" },
            StringEquals: { "elasticfilesystem:AccessPointArn": accessPoint.arn },
          },
        },
        denyInsecureTransport("*", fileSystem.arn),
      ]),
    });
    const securityGroup = new DataSecurityGroup(this, "security-group", {
      name,
      description: `Clients of ${name}`,
      vpcId: props.vpcId,
      port: 2049,
      clientSecurityGroupIds: props.clientSecurityGroupIds,
    });
    const mountTargets = props.subnetIds.map(
      (subnetId, index) =>
        new EfsMountTarget(this, `mount-target-${index}`, {
          fileSystemId: fileSystem.id,
          subnetId,
          securityGroups: [securityGroup.securityGroupId],
        }),
    );
    this.fileSystem = {
      csiDriver: "efs.csi.aws.com",
      volumeHandle: `${fileSystem.id}::${accessPoint.id}`,
      volumeAttributes: {},
      mountOptions: ["tls"],
      capacityGb: 100,
      ready: [accessPoint, policy, ...mountTargets, ...securityGroup.ingressRules],
    };
  }
}
