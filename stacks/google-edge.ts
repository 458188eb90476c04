import { DnsManagedZoneIamMember } from "@cdktf/provider-google/lib/dns-managed-zone-iam-member";
import type { Construct } from "constructs";
import { AddressEdge } from "../constructs/google/address-edge";
import { GatewayEdge } from "../constructs/google/gateway-edge";
import { GoogleWorkloadIdentity } from "../constructs/google/google-workload-identity";
import { CertManager } from "../constructs/workloads/cert-manager";
import type { IngressEdge, SiteController } from "../constructs/workloads/ingress";
import type { GoogleEnvironment } from "../environments/defaults";
import { firstStop } from "./first-stop";

export interface GoogleEdgeProps {
  readonly environment: GoogleEnvironment;
  /** Namespace of the site, and of its Gateway where that sends requests to the site's own pods. */
  readonly namespace: string;
  /** As the cluster itself gives it. */
  readonly workloadPool: string;
}

/** The load balancer, and what the ingress controller behind it must know. */
export function addGoogleEdge(
  scope: Construct,
  props: GoogleEdgeProps,
): { readonly edge: IngressEdge; readonly controller?: SiteController } {
  const { environment } = props;
  const { edge, ingressController: kind, moodle } = environment;
  return {
    edge: edge.type === "gateway" ? addGateway(scope, props, edge) : addAddress(scope, environment),
    controller: kind && {
      kind,
      loginRequestsPerMinute: moodle.loginRequestsPerMinute,
      acme: edge.type === "none" ? addAcme(scope, props, edge.acme) : undefined,
    },
  };
}

function addGateway(
  scope: Construct,
  { environment, namespace }: GoogleEdgeProps,
  { cloudArmor, allowedCidrs }: Extract<GoogleEnvironment["edge"], { type: "gateway" }>,
): IngressEdge {
  const { project, prefix, domain, managedZone } = environment;
  const frontEnd = new GatewayEdge(scope, "edge", {
    name: prefix,
    project,
    domain,
    managedZoneName: managedZone.name,
    namespace: firstStop(environment)?.namespace ?? namespace,
    cloudArmor,
    loginRequestsPerMinute: environment.moodle.loginRequestsPerMinute,
    allowedCidrs,
  });
  return { kind: "gateway", frontEnd, route: frontEnd.route };
}

function addAddress(scope: Construct, environment: GoogleEnvironment): IngressEdge {
  const { project, region, prefix, domain, managedZone, edge } = environment;
  const { address, ready } = new AddressEdge(scope, "edge", {
    name: prefix,
    project,
    region,
    domain,
    managedZoneName: managedZone.name,
  });
  return { kind: "address", address, sourceCidrs: edge.allowedCidrs, ready };
}

type Acme = Extract<GoogleEnvironment["edge"], { type: "none" }>["acme"];

/** cert-manager's identity writes records of the site's zone, and of no other. */
function addAcme(
  scope: Construct,
  { environment, workloadPool }: GoogleEdgeProps,
  { challenge, directory, email }: Acme,
): SiteController["acme"] {
  const { project, projectNumber, managedZone, ingressController = "" } = environment;
  if (challenge === "http-01") return { directory, email, solver: { kind: "http", className: ingressController } };
  const identity = new GoogleWorkloadIdentity(scope, "identity-cert-manager", {
    project,
    projectNumber,
    workloadPool,
    ...CertManager.account,
  });
  identity.waitFor(
    new DnsManagedZoneIamMember(scope, "cert-manager-records", {
      project,
      managedZone: managedZone.name,
      role: "roles/dns.admin",
      member: identity.member,
    }),
  );
  return { identity, directory, email, solver: { kind: "cloud-dns", project, managedZoneName: managedZone.name } };
}
