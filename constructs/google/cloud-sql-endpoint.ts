import { ComputeAddress } from "@cdktf/provider-google/lib/compute-address";
import { ComputeForwardingRule } from "@cdktf/provider-google/lib/compute-forwarding-rule";
import { DnsManagedZone } from "@cdktf/provider-google/lib/dns-managed-zone";
import { DnsRecordSet } from "@cdktf/provider-google/lib/dns-record-set";
import type { SqlDatabaseInstance } from "@cdktf/provider-google/lib/sql-database-instance";
import { Fn, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

export interface CloudSqlEndpointProps {
  /** Name of the instance, which the address, the rule and the zone take too. */
  readonly name: string;
  readonly project: string;
  readonly region: string;
  readonly instance: SqlDatabaseInstance;
  readonly networkId: string;
  /** The subnet in which the address is reserved. */
  readonly subnetworkId: string;
}

/**
 * The way from a network to one Cloud SQL instance by Private Service Connect: an address of the subnet that leads to
 * the instance, and a private zone in which the instance's own name resolves to it. The name is in the server's
 * certificate, so that clients can verify it.
 *
 * Source: https://cloud.google.com/sql/docs/postgres/configure-private-service-connect
 */
export class CloudSqlEndpoint extends Construct {
  /** The instance's own name, as the server's certificate carries it. */
  readonly host: string;
  /** The one address behind the name. */
  readonly cidr: string;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: CloudSqlEndpointProps) {
    super(scope, id);
    const { name, project, region, instance, networkId, subnetworkId } = props;
    const address = new ComputeAddress(this, "address", {
      project,
      region,
      name,
      addressType: "INTERNAL",
      subnetwork: subnetworkId,
    });
    const rule = new ComputeForwardingRule(this, "forwarding-rule", {
      project,
      region,
      name,
      network: networkId,
      ipAddress: address.id,
      loadBalancingScheme: "",
      target: instance.pscServiceAttachmentLink,
      recreateClosedPsc: true,
    });
    // The API has given the name both with and without its last dot; clients want none, zones want one.
    this.host = Fn.trimsuffix(instance.dnsName, ".");
    const dnsName = `${this.host}.`;
    const zone = new DnsManagedZone(this, "zone", {
      project,
      name,
      dnsName,
      description: `Leads to the Cloud SQL instance ${name}`,
      visibility: "private",
      privateVisibilityConfig: { networks: [{ networkUrl: networkId }] },
    });
    const record = new DnsRecordSet(this, "record", {
      project,
      managedZone: zone.name,
      name: dnsName,
      type: "A",
      ttl: 300,
      rrdatas: [address.address],
    });
    this.cidr = `${address.address}/32`;
    this.ready = [rule, record];
  }
}
