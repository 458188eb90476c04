import { Wafv2IpSet } from "@cdktf/provider-aws/lib/wafv2-ip-set";
import { Wafv2WebAcl, type Wafv2WebAclRule } from "@cdktf/provider-aws/lib/wafv2-web-acl";
import { Wafv2WebAclAssociation } from "@cdktf/provider-aws/lib/wafv2-web-acl-association";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { CLOUDFRONT_REGION } from "./cloudfront-region";

/**
 * Groups of rules that AWS maintains, in order, each with the rules that only count on a site where people write HTML,
 * code and long answers into forms, upload files and fetch them by names of their own, and sign in through identity
 * providers with long addresses.
 * Source: https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
 */
const RULE_GROUPS: Readonly<Record<string, readonly string[]>> = {
  AWSManagedRulesAmazonIpReputationList: [],
  AWSManagedRulesKnownBadInputsRuleSet: ["JavaDeserializationRCE_BODY", "Log4JRCE_BODY"],
  AWSManagedRulesCommonRuleSet: [
    "SizeRestrictions_BODY",
    "SizeRestrictions_QUERYSTRING",
    "SizeRestrictions_URIPATH",
    "EC2MetaDataSSRF_BODY",
    "CrossSiteScripting_BODY",
    "GenericRFI_BODY",
    "GenericLFI_BODY",
    "RestrictedExtensions_URIPATH",
    "RestrictedExtensions_QUERYARGUMENTS",
  ],
  AWSManagedRulesSQLiRuleSet: ["SQLi_BODY", "SQLiExtendedPatterns_BODY"],
  AWSManagedRulesPHPRuleSet: ["PHPHighRiskMethodsVariables_BODY"],
};

export interface WebAclProps {
  /** Name of the web ACL. */
  readonly name: string;
  /** The load balancer that it stands before. @default CloudFront, where the distribution names `webAclArn` itself */
  readonly resourceArn?: string;
  /**
   * Requests to the pages of the login, `/login/`, that one address may make in a minute, 10 or more; further ones are answered
   * with status 429. @default no limit
   */
  readonly loginRequestsPerMinute?: number;
  /** IPv4 networks that may use the site: everybody else is answered with status 403. @default everybody */
  readonly allowedCidrs?: readonly string[];
}

/**
 * A web application firewall. But for the login it has no limit of requests by address: a whole campus comes from one,
 * most of all in an exam.
 */
export class WebAcl extends Construct {
  readonly webAclArn: string;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: WebAclProps) {
    super(scope, id);
    const { loginRequestsPerMinute, allowedCidrs, resourceArn } = props;
    const place =
      resourceArn === undefined
        ? ({ scope: "CLOUDFRONT", region: CLOUDFRONT_REGION } as const)
        : ({ scope: "REGIONAL" } as const);
    const rule = Object.entries(RULE_GROUPS).map(
      ([name, counted], priority): Wafv2WebAclRule => ({
        name,
        priority,
        overrideAction: { none: {} },
        // The bindings leave a statement untyped and pass it on as it is: these are Terraform's own names.
        statement: {
          managed_rule_group_statement: {
            vendor_name: "AWS",
            name,
            rule_action_override: counted.map((countedRule) => ({ name: countedRule, action_to_use: { count: {} } })),
          },
        },
        visibilityConfig: visibilityConfig(name),
      }),
    );
    if (loginRequestsPerMinute !== undefined) rule.push(loginLimit(loginRequestsPerMinute));
    if (allowedCidrs !== undefined) {
      const networks = new Wafv2IpSet(this, "allowed-networks", {
        ...place,
        name: `${props.name}-allowed`,
        ipAddressVersion: "IPV4",
        addresses: [...allowedCidrs],
      });
      rule.push(othersBlocked(networks.arn));
    }
    const acl = new Wafv2WebAcl(this, "acl", {
      ...place,
      name: props.name,
      defaultAction: { allow: {} },
      rule,
      visibilityConfig: visibilityConfig(props.name),
    });
    this.webAclArn = acl.arn;
    this.ready =
      resourceArn === undefined
        ? [acl]
        : [new Wafv2WebAclAssociation(this, "association", { resourceArn, webAclArn: acl.arn })];
  }
}

function visibilityConfig(metricName: string) {
  return { metricName, cloudwatchMetricsEnabled: true, sampledRequestsEnabled: true };
}

/** https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-high-level-settings.html */
function loginLimit(requestsPerMinute: number): Wafv2WebAclRule {
  return {
    name: "LoginLimit",
    priority: Object.keys(RULE_GROUPS).length,
    action: { block: { customResponse: { responseCode: 429 } } },
    statement: {
      rate_based_statement: {
        aggregate_key_type: "IP",
        evaluation_window_sec: 60,
        limit: requestsPerMinute,
        scope_down_statement: {
          byte_match_statement: {
            field_to_match: { uri_path: {} },
            positional_constraint: "STARTS_WITH",
            search_string: "/login/",
            // As nginx reads it.
            text_transformation: [
              { priority: 0, type: "URL_DECODE" },
              { priority: 1, type: "NORMALIZE_PATH" },
            ],
          },
        },
      },
    },
    visibilityConfig: visibilityConfig("LoginLimit"),
  };
}

function othersBlocked(ipSetArn: string): Wafv2WebAclRule {
  return {
    name: "OtherNetworks",
    priority: Object.keys(RULE_GROUPS).length + 1,
    action: { block: {} },
    statement: { not_statement: { statement: [{ ip_set_reference_statement: { arn: ipSetArn } }] } },
    visibilityConfig: visibilityConfig("OtherNetworks"),
  };
}
