import { DefaultRouteTable } from "@cdktf/provider-aws/lib/default-route-table";
import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { Eip } from "@cdktf/provider-aws/lib/eip";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { Route } from "@cdktf/provider-aws/lib/route";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc as AwsVpc } from "@cdktf/provider-aws/lib/vpc";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { VpcEndpoints } from "./vpc-endpoints";
import { VpcFlowLogs } from "./vpc-flow-logs";
import { isLargeEnough, vpcLayout, type ZoneSubnets } from "./vpc-layout";

export interface VpcProps {
  /** First part of every resource's name. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** Range of the VPC: /20 or larger, and at most /16. */
  readonly cidr: string;
  /** Two to six availability zones. Append to this list; to take one out of its middle moves the ones behind it. */
  readonly zones: readonly string[];
  /** One NAT gateway for all zones, or one a zone, so that the loss of a zone cuts off no other. */
  readonly natGateways: "single" | "per-zone";
  /** Cluster whose nodes live in the private subnets: Karpenter finds them by its name. */
  readonly clusterName: string;
  /** Key of the flow logs; its policy must admit CloudWatch Logs. */
  readonly keyArn: string;
  /** Days that flow logs are kept. @default 90 */
  readonly flowLogRetentionDays?: number;
}

type Tier = keyof ZoneSubnets;

/**
 * A network in four tiers over several zones: `public` for load balancers and NAT, `private` for nodes and pods,
 * `database` for data services, `intra` for the control plane and endpoints; the last two have no way to the internet.
 *
 * The default security group admits nothing and the main route table leads nowhere, so that nothing works by accident.
 * The default network ACL stays as AWS makes it: security groups, which are stateful, are the one place of filtering.
 */
export class Vpc extends Construct {
  readonly vpcId: string;
  readonly cidr: string;
  readonly publicSubnetIds: string[];
  readonly privateSubnetIds: string[];
  readonly databaseSubnetIds: string[];
  readonly intraSubnetIds: string[];
  readonly publicSubnetCidrs: string[];
  readonly privateSubnetCidrs: string[];
  readonly databaseSubnetCidrs: string[];
  readonly intraSubnetCidrs: string[];
  /** What nodes need before they can join a cluster: routes to the internet, and endpoints. */
  readonly ready: readonly ITerraformDependable[];

  private readonly props: VpcProps;

  constructor(scope: Construct, id: string, props: VpcProps) {
    super(scope, id);
    this.props = props;
    this.check();
    const { name, cidr } = props;
    const vpc = new AwsVpc(this, "vpc", {
      cidrBlock: cidr,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: name },
    });
    this.vpcId = vpc.id;
    this.cidr = cidr;
    new DefaultSecurityGroup(this, "default-security-group", { vpcId: vpc.id, tags: { Name: `${name}-default` } });
    new DefaultRouteTable(this, "default-route-table", {
      defaultRouteTableId: vpc.defaultRouteTableId,
      route: [],
      tags: { Name: `${name}-default` },
    });

    const layout = vpcLayout(cidr, props.zones.length);
    const cidrs = (tier: Tier) => layout.map((zone) => zone[tier]);
    this.publicSubnetCidrs = cidrs("public");
    this.privateSubnetCidrs = cidrs("private");
    this.databaseSubnetCidrs = cidrs("database");
    this.intraSubnetCidrs = cidrs("intra");
    // The load balancer controller finds subnets by these roles, Karpenter by the discovery tag.
    const publicSubnets = this.subnets("public", { "kubernetes.io/role/elb": "1" });
    const privateSubnets = this.subnets("private", {
      "kubernetes.io/role/internal-elb": "1",
      "karpenter.sh/discovery": props.clusterName,
    });
    const databaseSubnets = this.subnets("database");
    const intraSubnets = this.subnets("intra");
    const ids = (subnets: readonly Subnet[]) => subnets.map((subnet) => subnet.id);
    this.publicSubnetIds = ids(publicSubnets);
    this.privateSubnetIds = ids(privateSubnets);
    this.databaseSubnetIds = ids(databaseSubnets);
    this.intraSubnetIds = ids(intraSubnets);

    const publicRoute = this.publicRoute(publicSubnets);
    const { routeTables, routes } = this.privateRoutes(privateSubnets, publicSubnets, publicRoute);
    for (const [tier, subnets] of [
      ["database", databaseSubnets],
      ["intra", intraSubnets],
    ] as const) {
      this.associate(this.routeTable(tier), tier, subnets);
    }
    const endpoints = new VpcEndpoints(this, "endpoints", {
      name,
      region: props.region,
      vpcId: vpc.id,
      cidr,
      subnetIds: this.intraSubnetIds,
      routeTableIds: routeTables.map((table) => table.id),
    });
    new VpcFlowLogs(this, "flow-logs", {
      name,
      account: props.account,
      region: props.region,
      vpcId: vpc.id,
      retentionDays: props.flowLogRetentionDays ?? 90,
      keyArn: props.keyArn,
    });
    this.ready = [...routes, ...endpoints.ready];
  }

  private check(): void {
    const { zones, cidr } = this.props;
    if (new Set(zones).size !== zones.length || zones.length < 2 || zones.length > 6) {
      refuse(this.node.path, {
        path: "zones",
        given: zones,
        allowed: "2 to 6 different availability zones",
        remedy: "name zones of the region",
      });
    }
    if (!isLargeEnough(cidr, zones.length)) {
      refuse(this.node.path, {
        path: "cidr",
        given: cidr,
        allowed: `${zones.length <= 4 ? "/21" : "/20"} or larger for ${zones.length} zones: each pod takes an address`,
        remedy: "choose a larger range, such as 10.20.0.0/16",
      });
    }
  }

  private subnets(tier: Tier, tags: Record<string, string> = {}): Subnet[] {
    const { name, zones } = this.props;
    const cidrs = vpcLayout(this.cidr, zones.length).map((zone) => zone[tier]);
    return zones.map(
      (zone, index) =>
        new Subnet(this, `${tier}-${zone}`, {
          vpcId: this.vpcId,
          availabilityZone: zone,
          cidrBlock: cidrs[index],
          tags: { Name: `${name}-${tier}-${zone}`, ...tags },
        }),
    );
  }

  private publicRoute(subnets: readonly Subnet[]): Route {
    const gateway = new InternetGateway(this, "internet-gateway", {
      vpcId: this.vpcId,
      tags: { Name: this.props.name },
    });
    const table = this.routeTable("public");
    this.associate(table, "public", subnets);
    return new Route(this, "public-internet", {
      routeTableId: table.id,
      destinationCidrBlock: "0.0.0.0/0",
      gatewayId: gateway.id,
    });
  }

  /** One route table a zone even with a single NAT gateway, so that more can be added without moving any subnet. */
  private privateRoutes(privateSubnets: readonly Subnet[], publicSubnets: readonly Subnet[], publicRoute: Route) {
    const { name, zones, natGateways } = this.props;
    const gateways = (natGateways === "single" ? publicSubnets.slice(0, 1) : publicSubnets).map((subnet, index) => {
      const zone = zones[index];
      const address = new Eip(this, `nat-address-${zone}`, { domain: "vpc", tags: { Name: `${name}-nat-${zone}` } });
      return new NatGateway(this, `nat-${zone}`, {
        allocationId: address.id,
        subnetId: subnet.id,
        tags: { Name: `${name}-${zone}` },
        dependsOn: [publicRoute],
      });
    });
    const routeTables: RouteTable[] = [];
    const routes: ITerraformDependable[] = [];
    privateSubnets.forEach((subnet, index) => {
      const tier = `private-${zones[index]}`;
      const table = this.routeTable(tier);
      const gateway = gateways[Math.min(index, gateways.length - 1)];
      const route = new Route(this, `${tier}-internet`, {
        routeTableId: table.id,
        destinationCidrBlock: "0.0.0.0/0",
        natGatewayId: gateway?.id,
      });
      const association = new RouteTableAssociation(this, `${tier}-routes`, {
        subnetId: subnet.id,
        routeTableId: table.id,
      });
      routeTables.push(table);
      routes.push(route, association);
    });
    return { routeTables, routes };
  }

  private routeTable(tier: string): RouteTable {
    return new RouteTable(this, `${tier}-route-table`, {
      vpcId: this.vpcId,
      tags: { Name: `${this.props.name}-${tier}` },
    });
  }

  private associate(table: RouteTable, tier: Tier, subnets: readonly Subnet[]): void {
    subnets.forEach((subnet, index) => {
      new RouteTableAssociation(this, `${tier}-${this.props.zones[index]}-routes`, {
        subnetId: subnet.id,
        routeTableId: table.id,
      });
    });
  }
}
