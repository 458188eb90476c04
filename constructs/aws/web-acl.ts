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
}

/**
 * A web application firewall. It has no limit of requests by address: a whole campus comes from one, most of all in
 * an exam.
 */
export class WebAcl extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: WebAclProps) {
    super(scope, id);
    const visibilityConfig = (metricName: string) => ({
      metricName,
      cloudwatchMetricsEnabled: true,
      sampledRequestsEnabled: true,
    });
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
      rule,
      visibilityConfig: visibilityConfig(props.name),
    });
    const association = new Wafv2WebAclAssociation(this, "association", {
      resourceArn: props.resourceArn,
      webAclArn: acl.arn,
    });
    this.ready = [association];
  }
}
