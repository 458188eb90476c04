import { FilestoreInstance } from "@cdktf/provider-google/lib/filestore-instance";
import { Fn, Token } from "cdktf";
import { Construct } from "constructs";
import { prefixLength, subnetCidr } from "../core/cidr";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import type { SharedFileSystem } from "../ports";
import { allowedCapacity, FILESTORE_TIERS } from "./filestore-tiers";

export interface FilestoreProps {
  /** Up to 63 lower-case letters, digits and hyphens, such as `moodle-staging-1-files`. */
  readonly name: string;
  readonly project: string;
  /** A zone for BASIC_HDD and ZONAL, a region for REGIONAL. */
  readonly location: string;
  /** BASIC_HDD is one machine; ZONAL survives the loss of a machine, REGIONAL that of a zone. */
  readonly tier: keyof typeof FILESTORE_TIERS;
  /** GiB: 1024 or more, for ZONAL and REGIONAL in steps of 256. Of these, what is below 10 TiB cannot grow beyond it. */
  readonly capacityGb: number;
  /** The network from which it is reached, by a peering of its own. */
  readonly networkName: string;
  /**
   * A range that no subnet or peering of the network uses. Filestore takes its first addresses: a /29 for BASIC_HDD, a
   * /26 for the others.
   */
  readonly reservedIpRange: string;
  /** Networks of the hosts that may mount it: the nodes'. At most 64 that do not overlap. */
  readonly clientCidrs: readonly string[];
  /** Cloud KMS key of the same region; not for BASIC_HDD, which takes none. @default a key of Google's */
  readonly keyId?: string;
  /** @default "protected" */
  readonly protection?: Protection;
}

const SHARE = "moodle";

/**
 * A Filestore share that many pods write, through GKE's own CSI driver.
 *
 * The export belongs to root, and pods run as nobody in particular: a pod names an `fsGroup`, and the kubelet gives the
 * volume to that group when it mounts it, because the driver declares the policy `File`
 * (https://github.com/kubernetes-sigs/gcp-filestore-csi-driver/blob/master/docs/kubernetes/fsgroup.md). The kubelet is
 * root on the node, so the export does not squash root, and only `clientCidrs` may mount it. Pods set
 * `fsGroupChangePolicy: OnRootMismatch`, or every start of a pod walks through all files.
 */
export class Filestore extends Construct {
  readonly fileSystem: SharedFileSystem;

  constructor(scope: Construct, id: string, props: FilestoreProps) {
    super(scope, id);
    this.check(props);
    const { name, project, location, tier, capacityGb, reservedIpRange } = props;
    const guarded = isGuarded(props.protection);
    const newBits = FILESTORE_TIERS[tier].prefix - prefixLength(reservedIpRange);
    const instance = new FilestoreInstance(this, "instance", {
      project,
      name,
      location,
      tier,
      protocol: "NFS_V3",
      kmsKeyName: props.keyId,
      fileShares: {
        name: SHARE,
        capacityGb,
        nfsExportOptions: [
          { ipRanges: [...props.clientCidrs], accessMode: "READ_WRITE", squashMode: "NO_ROOT_SQUASH" },
        ],
      },
      networks: [
        {
          network: props.networkName,
          modes: ["MODE_IPV4"],
          connectMode: "DIRECT_PEERING",
          reservedIpRange: subnetCidr(reservedIpRange, newBits, 0),
        },
      ],
      deletionProtectionEnabled: guarded,
      deletionProtectionReason: guarded ? "holds the site's files" : undefined,
      lifecycle: { preventDestroy: guarded },
    });
    this.fileSystem = {
      csiDriver: "filestore.csi.storage.gke.io",
      volumeHandle: `modeInstance/${location}/${name}/${SHARE}`,
      volumeAttributes: { ip: Fn.element(instance.networks.get(0).ipAddresses, 0), volume: SHARE },
      mountOptions: ["hard", "timeo=600", "retrans=3"],
      capacityGb,
      ready: [instance],
    };
  }

  private check({ name, location, tier, capacityGb, reservedIpRange, clientCidrs, keyId }: FilestoreProps): void {
    const { path } = this.node;
    if (!Token.isUnresolved(name) && !/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
      refuse(path, {
        path: "name",
        given: name,
        allowed: "1 to 63 lower-case letters, digits and hyphens, a letter first and no hyphen last",
        remedy: "shorten the name",
      });
    }
    if (/-[a-z]$/.test(location) === (tier === "REGIONAL")) {
      const allowed = tier === "REGIONAL" ? "a region for REGIONAL" : `a zone for ${tier}`;
      refuse(path, { path: "location", given: location, allowed, remedy: "change the location or the tier" });
    }
    const allowed = allowedCapacity(tier, capacityGb);
    if (allowed !== undefined) {
      refuse(path, { path: "capacityGb", given: capacityGb, allowed, remedy: "change the capacity or the tier" });
    }
    const { prefix } = FILESTORE_TIERS[tier];
    if (prefixLength(reservedIpRange) > prefix) {
      refuse(path, {
        path: "reservedIpRange",
        given: reservedIpRange,
        allowed: `a /${prefix} or larger for ${tier}`,
        remedy: "give a larger range",
      });
    }
    if (clientCidrs.length === 0) {
      refuse(path, {
        path: "clientCidrs",
        given: clientCidrs,
        allowed: "1 to 64 networks; with none, the whole network may mount it",
        remedy: "name the nodes' network",
      });
    }
    if (keyId !== undefined && tier === "BASIC_HDD") {
      refuse(path, {
        path: "keyId",
        given: keyId,
        allowed: "nothing with BASIC_HDD, which is encrypted by keys of Google's alone",
        remedy: "leave keyId out, or choose ZONAL or REGIONAL",
      });
    }
  }
}
