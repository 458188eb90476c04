import { boundaryName } from "../constructs/aws/ci-boundary";
import { ciRoleNames } from "../constructs/aws/ci-roles";
import { partition } from "../constructs/aws/iam-policy";
import { runnerRoleName } from "../constructs/aws/runner-identity";
import { stateKeyAlias, stateLockTable } from "../constructs/aws/state-bucket";
import type { AwsEnvironment } from "../environments/defaults";

/** What `bootstrap-<name>` makes, by the names under which the other stack finds it: neither reads the other's state. */
export interface AwsNames {
  /** First part of every name in bootstrap. It has no incarnation. */
  readonly base: string;
  /** ARN of the alias of the state's key. */
  readonly stateKeyAliasArn: string;
  readonly stateLockTable: string;
  /** Roles of CI; they exist where the environment names a repository. */
  readonly planRoleArn: string;
  readonly deployRoleArn: string;
  /** Policy that bounds every role of the environment; it exists with the roles of CI. */
  readonly boundaryArn: string;
  /** Role of the runner; it exists where the environment wants one. */
  readonly runnerRoleArn: string;
}

export function awsNames(environment: Pick<AwsEnvironment, "name" | "account" | "region">): AwsNames {
  const { name, account, region } = environment;
  const base = `moodle-${name}`;
  const iam = `arn:${partition(region)}:iam::${account}`;
  const roles = ciRoleNames(base);
  return {
    base,
    stateKeyAliasArn: `arn:${partition(region)}:kms:${region}:${account}:${stateKeyAlias(base)}`,
    stateLockTable: stateLockTable(base),
    planRoleArn: `${iam}:role/${roles.plan}`,
    deployRoleArn: `${iam}:role/${roles.deploy}`,
    boundaryArn: `${iam}:policy/${boundaryName(base)}`,
    runnerRoleArn: `${iam}:role/${runnerRoleName(base)}`,
  };
}
