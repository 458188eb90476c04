import { Wafv2WebAcl, type Wafv2WebAclRule } from "@cdktf/provider-aws/lib/wafv2-web-acl";
import { Wafv2WebAclAssociation } from "@cdktf/provider-aws/lib/wafv2-web-acl-association";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

/**
 * Groups of rules that AWS maintains, in order, each with the rules that only count on a site where people write HTML,
 * code and long answers into forms, upload files, and sign in through identity providers with long addresses.
 * Source: https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
 */
const RULE_GROUPS: Readonly<Record<string, readonly string[]>> = {
  AWSManagedRulesAmazonIpReputationList: [],
  AWSManagedRulesKnownBadInputsRuleSet: [],
  AWSManagedRulesCommonRuleSet: [
    "SizeRestrictions_BODY",
    "SizeRestrictions_QUERYSTRING",
    "CrossSiteScripting_BODY",
    "GenericRFI_BODY",
    "GenericLFI_BODY",
  ],
  AWSManagedRulesSQLiRuleSet: ["SQLi_BODY", "SQLiExtendedPatterns_BODY"],
  AWSManagedRulesPHPRuleSet: ["PHPHighRiskMethodsVariables_BODY"],
};

export interface WebAclProps {
  /** Name of the web ACL. */
  readonly name: string;
  /** The load balancer that it stands before. */
  readonly resourceArn: string;
  /**
   * Requests to the pages of the login, `/login/`, that one address may make in a minute, 10 or more; further ones are answered
   * with status 429. @default no limit
   */
  readonly loginRequestsPerMinute?: number;
}

/**
 * A web application firewall. But for the login it has no limit of requests by address: a whole campus comes from one,
 * most of all in an exam.
 */
export class WebAcl extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: WebAclProps) {
    super(scope, id);
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
    const acl = new Wafv2WebAcl(this, "acl", {
      name: props.name,
      scope: "REGIONAL",
      defaultAction: { allow: {} },
      rule: props.loginRequestsPerMinute === undefined ? rule : [...rule, loginLimit(props.loginRequestsPerMinute)],
      visibilityConfig: visibilityConfig(props.name),
    });
    const association = new Wafv2WebAclAssociation(this, "association", {
      resourceArn: props.resourceArn,
      webAclArn: acl.arn,
    });
    this.ready = [association];
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
