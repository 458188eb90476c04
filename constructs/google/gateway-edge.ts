import { CertificateManagerCertificate } from "@cdktf/provider-google/lib/certificate-manager-certificate";
import { CertificateManagerCertificateMap } from "@cdktf/provider-google/lib/certificate-manager-certificate-map";
import { CertificateManagerCertificateMapEntry } from "@cdktf/provider-google/lib/certificate-manager-certificate-map-entry";
import { CertificateManagerDnsAuthorization } from "@cdktf/provider-google/lib/certificate-manager-dns-authorization";
import { ComputeGlobalAddress } from "@cdktf/provider-google/lib/compute-global-address";
import {
  ComputeSecurityPolicy,
  type ComputeSecurityPolicyRule,
} from "@cdktf/provider-google/lib/compute-security-policy";
import { ComputeSslPolicy } from "@cdktf/provider-google/lib/compute-ssl-policy";
import { DnsRecordSet } from "@cdktf/provider-google/lib/dns-record-set";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import type { GatewayFrontEnd, SiteRoute } from "../ports";

/**
 * Preconfigured rules of Cloud Armor that concern a PHP site.
 * https://cloud.google.com/armor/docs/waf-rules
 */
const RULE_SETS = [
  "scannerdetection-v33-stable",
  "sessionfixation-v33-stable",
  "protocolattack-v33-stable",
  "lfi-v33-stable",
  "rfi-v33-stable",
  "rce-v33-stable",
  "php-v33-stable",
  "sqli-v33-stable",
  "xss-v33-stable",
  "cve-canary",
] as const;

export type CloudArmorRuleSet = (typeof RULE_SETS)[number];

export interface GatewayEdgeProps {
  readonly name: string;
  readonly project: string;
  /** Host name of the site, in the managed zone. */
  readonly domain: string;
  /** Resource name of a public Cloud DNS zone. */
  readonly managedZoneName: string;
  /** Namespace of the Gateway: the site's own, from which alone routes may attach. */
  readonly namespace: string;
  /** Filter requests by the preconfigured rules of Cloud Armor. @default true */
  readonly cloudArmor?: boolean;
  /**
   * Rule sets that refuse a request; the others only log what they would refuse. Teachers post HTML, SQL and PHP as
   * course content, which is what most of the rules look for: read the log before adding one.
   * @default scannerdetection, sessionfixation and cve-canary
   */
  readonly enforcedRuleSets?: readonly CloudArmorRuleSet[];
  /**
   * Requests to the pages of the login, `/login/`, that Cloud Armor lets one address make in a minute; further ones are answered with
   * status 429. For a site that is open to everybody: what is for some networks alone has no such limit. @default no limit
   */
  readonly loginRequestsPerMinute?: number;
  /** Networks that may use the site, 10 at most. @default everybody */
  readonly allowedCidrs?: readonly string[];
}

/**
 * The global external Application Load Balancer in the parts that outlive a Gateway: address, certificate, TLS policy,
 * filter and DNS records. `charts/gateway` binds them together; the certificate is issued by DNS, before any traffic.
 */
export class GatewayEdge extends Construct implements GatewayFrontEnd {
  readonly addressName: string;
  readonly address: string;
  readonly certificateMapName: string;
  readonly sslPolicyName: string;
  /** Absent where everybody may use the site unfiltered. */
  readonly securityPolicyName?: string;
  readonly route: Extract<SiteRoute, { kind: "http-route" }>;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: GatewayEdgeProps) {
    super(scope, id);
    const { name, project, domain } = props;

    const address = new ComputeGlobalAddress(this, "address", { name, project, addressType: "EXTERNAL" });
    const record = new DnsRecordSet(this, "record", {
      project,
      managedZone: props.managedZoneName,
      name: `${domain}.`,
      type: "A",
      ttl: 300,
      rrdatas: [address.address],
    });
    const { certificateMap, entry } = this.certificate(props);
    const sslPolicy = new ComputeSslPolicy(this, "ssl-policy", {
      name,
      project,
      profile: "MODERN",
      minTlsVersion: "TLS_1_2",
    });
    const securityPolicy = this.securityPolicy(props);

    this.addressName = address.name;
    this.address = address.address;
    this.certificateMapName = certificateMap.name;
    this.sslPolicyName = sslPolicy.name;
    this.securityPolicyName = securityPolicy?.name;
    this.ready = [record, entry, sslPolicy, ...(securityPolicy === undefined ? [] : [securityPolicy])];
    this.route = {
      kind: "http-route",
      gatewayName: "moodle",
      gatewayNamespace: props.namespace,
      sectionName: "https",
      // https://cloud.google.com/load-balancing/docs/https#firewall-rules; the address itself ends X-Forwarded-For.
      proxyCidrs: ["35.191.0.0/16", "130.211.0.0/22", `${address.address}/32`],
      gke: { securityPolicyName: this.securityPolicyName },
    };
  }

  private certificate({ name, project, domain, managedZoneName }: GatewayEdgeProps) {
    const authorization = new CertificateManagerDnsAuthorization(this, "authorization", { name, project, domain });
    const challenge = authorization.dnsResourceRecord.get(0);
    const record = new DnsRecordSet(this, "authorization-record", {
      project,
      managedZone: managedZoneName,
      name: challenge.name,
      type: challenge.type,
      ttl: 300,
      rrdatas: [challenge.data],
    });
    const certificate = new CertificateManagerCertificate(this, "certificate", {
      name,
      project,
      managed: { domains: [domain], dnsAuthorizations: [authorization.id] },
      dependsOn: [record],
    });
    const certificateMap = new CertificateManagerCertificateMap(this, "certificate-map", { name, project });
    const entry = new CertificateManagerCertificateMapEntry(this, "certificate-map-entry", {
      name,
      project,
      map: certificateMap.name,
      hostname: domain,
      certificates: [certificate.id],
    });
    return { certificateMap, entry };
  }

  private securityPolicy(props: GatewayEdgeProps): ComputeSecurityPolicy | undefined {
    const { cloudArmor: filters = true, loginRequestsPerMinute } = props;
    const allowedCidrs = props.allowedCidrs ?? ["0.0.0.0/0"];
    if (allowedCidrs.length === 0 || allowedCidrs.length > 10) {
      refuse(this.node.path, {
        path: "allowedCidrs",
        given: allowedCidrs,
        allowed: "1 to 10 networks, as many as one rule of Cloud Armor takes",
        remedy: "join neighbouring networks, or leave allowedCidrs out",
      });
    }
    const isOpen = allowedCidrs.includes("0.0.0.0/0");
    if (!filters && isOpen) return undefined;
    return new ComputeSecurityPolicy(this, "security-policy", {
      name: props.name,
      project: props.project,
      type: "CLOUD_ARMOR",
      advancedOptionsConfig: { jsonParsing: "STANDARD", logLevel: "NORMAL" },
      adaptiveProtectionConfig: filters ? { layer7DdosDefenseConfig: { enable: true } } : undefined,
      rule: [
        ...(filters ? filterRules(props.enforcedRuleSets) : []),
        ...(filters && isOpen && loginRequestsPerMinute !== undefined ? [loginLimit(loginRequestsPerMinute)] : []),
        ...(isOpen ? [] : [addressRule(10_000, "allow", allowedCidrs, "Networks that may use the site")]),
        addressRule(DEFAULT_PRIORITY, isOpen ? "allow" : "deny(403)", ["*"], "Everybody else"),
      ],
    });
  }
}

/** Of the rule that every security policy must have. */
const DEFAULT_PRIORITY = 2_147_483_647;

function filterRules(
  enforced: readonly CloudArmorRuleSet[] = ["scannerdetection-v33-stable", "sessionfixation-v33-stable", "cve-canary"],
): ComputeSecurityPolicyRule[] {
  return RULE_SETS.map((ruleSet, index) => ({
    action: "deny(403)",
    priority: 1000 + index * 10,
    description: ruleSet,
    preview: !enforced.includes(ruleSet),
    match: { expr: { expression: `evaluatePreconfiguredWaf('${ruleSet}', {'sensitivity': 1})` } },
  }));
}

/**
 * What is below the limit is let in, so it comes after all filters.
 * https://cloud.google.com/armor/docs/rate-limiting-overview
 */
function loginLimit(count: number): ComputeSecurityPolicyRule {
  return {
    action: "throttle",
    priority: 9000,
    description: "Requests to the pages of the login",
    // However it is written that nginx reads it so.
    match: { expr: { expression: "request.path.urlDecode().matches('^[/.]*/login/')" } },
    rateLimitOptions: {
      conformAction: "allow",
      exceedAction: "deny(429)",
      enforceOnKey: "IP",
      rateLimitThreshold: { count, intervalSec: 60 },
    },
  };
}

function addressRule(
  priority: number,
  action: "allow" | "deny(403)",
  cidrs: readonly string[],
  description: string,
): ComputeSecurityPolicyRule {
  return {
    action,
    priority,
    description,
    match: { versionedExpr: "SRC_IPS_V1", config: { srcIpRanges: [...cidrs] } },
  };
}
