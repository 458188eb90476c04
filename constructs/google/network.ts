import { ComputeFirewall } from "@cdktf/provider-google/lib/compute-firewall";
import { ComputeNetwork } from "@cdktf/provider-google/lib/compute-network";
import { ComputeRouter } from "@cdktf/provider-google/lib/compute-router";
import { ComputeRouterNat } from "@cdktf/provider-google/lib/compute-router-nat";
import { ComputeSubnetwork } from "@cdktf/provider-google/lib/compute-subnetwork";
import { DnsPolicy } from "@cdktf/provider-google/lib/dns-policy";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

export interface NetworkProps {
  /** Name of the network and first part of every other name. */
  readonly name: string;
  readonly project: string;
  readonly region: string;
  /** Primary range of the subnetwork: nodes, and endpoints of Private Service Connect. */
  readonly nodesCidr: string;
  /** Secondary range for pods. GKE cuts a /25 out of it for each node. */
  readonly podsCidr: string;
  /** Secondary range for Kubernetes services. */
  readonly servicesCidr: string;
  /** Share of flows that the flow logs keep, between 0 and 1. @default 0.5 */
  readonly flowSampling?: number;
  /** Log every DNS query of nodes and pods. @default true */
  readonly dnsLogging?: boolean;
}

/**
 * A custom-mode VPC network with one subnetwork: nothing in it has a public address, everything leaves through Cloud
 * NAT, and Google's APIs are reached privately. The default route stays: Cloud NAT and private Google access need it.
 *
 * No ingress is opened here. GKE opens what its nodes and load balancers need, each rule for its own ports
 * (https://cloud.google.com/kubernetes-engine/docs/concepts/firewall-rules); all else is refused, and the refusal logged.
 */
export class Network extends Construct {
  readonly networkId: string;
  readonly networkName: string;
  readonly subnetworkId: string;
  readonly subnetworkName: string;
  /** Names of the subnetwork's secondary ranges. */
  readonly podsRangeName = "pods";
  readonly servicesRangeName = "services";
  readonly region: string;
  readonly nodesCidr: string;
  readonly podsCidr: string;
  /** What a node must wait for before it can reach the internet, image registries included. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { name, project, region } = props;
    this.region = region;
    this.nodesCidr = props.nodesCidr;
    this.podsCidr = props.podsCidr;

    const network = new ComputeNetwork(this, "network", {
      name,
      project,
      autoCreateSubnetworks: false,
      routingMode: "REGIONAL",
    });
    this.networkId = network.id;
    this.networkName = network.name;

    const subnetwork = new ComputeSubnetwork(this, "subnetwork", {
      name: `${name}-nodes`,
      project,
      region,
      network: network.id,
      ipCidrRange: props.nodesCidr,
      privateIpGoogleAccess: true,
      secondaryIpRange: [
        { rangeName: this.podsRangeName, ipCidrRange: props.podsCidr },
        { rangeName: this.servicesRangeName, ipCidrRange: props.servicesCidr },
      ],
      logConfig: {
        aggregationInterval: "INTERVAL_5_MIN",
        flowSampling: props.flowSampling ?? 0.5,
        metadata: "INCLUDE_ALL_METADATA",
      },
    });
    this.subnetworkId = subnetwork.id;
    this.subnetworkName = subnetwork.name;

    const router = new ComputeRouter(this, "router", { name, project, region, network: network.id });
    const nat = new ComputeRouterNat(this, "nat", {
      name,
      project,
      region,
      router: router.name,
      natIpAllocateOption: "AUTO_ONLY",
      sourceSubnetworkIpRangesToNat: "ALL_SUBNETWORKS_ALL_IP_RANGES",
      // A web node on an exam day opens thousands of connections; the static default is 64 ports a node.
      enableDynamicPortAllocation: true,
      enableEndpointIndependentMapping: false,
      minPortsPerVm: 64,
      maxPortsPerVm: 8192,
      logConfig: { enable: true, filter: "ERRORS_ONLY" },
    });
    this.ready = [nat];

    new ComputeFirewall(this, "deny-ingress", {
      name: `${name}-deny-ingress`,
      project,
      network: network.id,
      description: "Refuses, like the implied rule below it, and logs what it refuses",
      direction: "INGRESS",
      priority: 65534,
      sourceRanges: ["0.0.0.0/0"],
      deny: [{ protocol: "all" }],
      logConfig: { metadata: "INCLUDE_ALL_METADATA" },
    });

    if (props.dnsLogging ?? true) {
      new DnsPolicy(this, "dns", {
        name,
        project,
        enableLogging: true,
        networks: [{ networkUrl: network.id }],
      });
    }
  }
}
