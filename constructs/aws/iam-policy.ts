type OneOrMore = string | readonly string[];

/** A statement of a policy, in the words of IAM's own JSON. */
export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: "*" | Readonly<Record<string, OneOrMore>>;
  readonly Action?: OneOrMore;
  /** Everything but these: in place of `Action`. */
  readonly NotAction?: OneOrMore;
  /** Left out in trust policies only. */
  readonly Resource?: OneOrMore;
  /** Everywhere but on these: in place of `Resource`. */
  readonly NotResource?: OneOrMore;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

/** The JSON of a policy. */
export function policyDocument(statements: readonly PolicyStatement[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** Trust policy of a role that a service takes on. */
export function trustPolicy(service: string, condition?: PolicyStatement["Condition"]): string {
  return policyDocument([
    { Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole", Condition: condition },
  ]);
}

/** Denies every request to a bucket or queue that does not use TLS. */
export function denyInsecureTransport(action: string, resources: OneOrMore): PolicyStatement {
  return {
    Sid: "DenyInsecureTransport",
    Effect: "Deny",
    Principal: "*",
    Action: action,
    Resource: resources,
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
}

/** First part of every ARN of a region. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
export function partition(region: string): "aws" | "aws-cn" | "aws-us-gov" {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** Whole accounts as principals: their own administrators decide which of their roles. */
export function accountPrincipals(accounts: readonly string[], region: string): string[] {
  return accounts.map((account) => `arn:${partition(region)}:iam::${account}:root`);
}

/** Last part of the names of services that have one a region, and of EC2's own. */
export function serviceDomain(region: string): "amazonaws.com" | "amazonaws.com.cn" {
  return partition(region) === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
}

/** ARN of a policy that AWS maintains. */
export function managedPolicyArn(region: string, name: string): string {
  return `arn:${partition(region)}:iam::aws:policy/${name}`;
}
