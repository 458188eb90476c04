import { ComputeAddress } from "@cdktf/provider-google/lib/compute-address";
import { DnsRecordSet } from "@cdktf/provider-google/lib/dns-record-set";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

export interface AddressEdgeProps {
  readonly name: string;
  readonly project: string;
  readonly region: string;
  /** Host name of the site, in the managed zone. */
  readonly domain: string;
  /** Resource name of a public Cloud DNS zone. */
  readonly managedZoneName: string;
}

/**
 * Where connections enter that a program in the cluster reads: a regional address and its DNS record, both known before
 * anything runs in the cluster. The program's Service takes the address for its network load balancer.
 */
export class AddressEdge extends Construct {
  readonly address: string;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: AddressEdgeProps) {
    super(scope, id);
    const { name, project, region } = props;
    const address = new ComputeAddress(this, "address", {
      name,
      project,
      region,
      addressType: "EXTERNAL",
      networkTier: "PREMIUM",
    });
    const record = new DnsRecordSet(this, "record", {
      project,
      managedZone: props.managedZoneName,
      name: `${props.domain}.`,
      type: "A",
      ttl: 300,
      rrdatas: [address.address],
    });
    this.address = address.address;
    this.ready = [address, record];
  }
}
