import type { z } from "zod";
import { ConfigurationError, type Fault } from "../constructs/core/errors";
import { ABSENT_FIELDS } from "./absent-fields";
import { awsSchema } from "./aws-schema";
import { type Environment, resolve } from "./defaults";
import { googleSchema } from "./google-schema";
import { type Override, withOverrides } from "./overrides";
import { RULES } from "./rules";
import type { EnvironmentInput, ParsedEnvironment } from "./schema";
import type { Rule } from "./shared-rules";
import { type SizedEnvironment, sized } from "./sizing/environment";

type Issue = z.core.$ZodIssue;
type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Checks every environment and fills in the defaults, after laying overrides from `variables` over the files:
 * `MOODLE_PLATFORM__<ENVIRONMENT>__<FIELD>[__<FIELD>...]`, e.g. `MOODLE_PLATFORM__STAGING__DATABASE__INSTANCE_CLASS`.
 *
 * @throws ConfigurationError with the faults of all environments at once
 */
export function loadEnvironments(inputs: readonly EnvironmentInput[], variables: Variables = {}): Environment[] {
  const { overridden, faults } = withOverrides(inputs, variables);
  const environments: Environment[] = [];
  for (const { input, overrides } of overridden) {
    const checked = check(input, overrides);
    faults.push(...checked.faults);
    if (checked.sized !== undefined) environments.push(resolve(checked.sized));
  }
  faults.push(
    ...sharedNames(inputs),
    ...sharedDomains(environments),
    ...nestedNames(environments),
    ...sharedOidcProviders(environments),
    ...sharedProjects(environments),
  );
  if (faults.length > 0) throw new ConfigurationError(faults);
  return environments;
}

/** For an environment file: the type that an editor completes. Checked by `loadEnvironments`. */
export function defineEnvironment<const E extends EnvironmentInput>(environment: E): E {
  return environment;
}

function check(input: EnvironmentInput, overrides: readonly Override[]) {
  const name = typeof input.name === "string" ? input.name : "environment";
  const schema = input.cloud === "aws" ? awsSchema : input.cloud === "google" ? googleSchema : undefined;
  if (schema === undefined) {
    const { cloud } = input as { cloud: unknown };
    const remedy = `set cloud in environments/${name}.ts`;
    return { faults: [{ path: `${name}.cloud`, given: cloud, allowed: '"aws" or "google"', remedy }] };
  }
  let partial: unknown;
  const keepPartial = (payload: { value: unknown }) => {
    partial = payload.value;
    return false;
  };
  const result = (schema as z.ZodType<ParsedEnvironment>).refine(() => true, { when: keepPartial }).safeParse(input);
  const issues = (result.error?.issues ?? []).filter((issue, _, all) => !isSizeOfAnotherType(issue, all));
  const environment = sized(withoutFaulty(partial, issues) as ParsedEnvironment);
  const faults = [
    ...issues.flatMap((issue) => toFaults(issue, input)),
    ...(RULES[input.cloud] as readonly Rule<SizedEnvironment>[])
      .filter(({ reads }) => !reads.some((path) => issues.some((issue) => touches(issue, path))))
      .flatMap((rule) => rule.check(environment)),
  ];
  const located = faults.map((fault) => locate(fault, name, overrides));
  return { faults: located, sized: located.length === 0 ? environment : undefined };
}

/** A text in place of a list has a length as well, which zod compares with the list's limits. */
function isSizeOfAnotherType({ code, path }: Issue, all: readonly Issue[]): boolean {
  const isSize = code === "too_big" || code === "too_small";
  return isSize && all.some((other) => other.code === "invalid_type" && other.path.join(".") === path.join("."));
}

/** A copy without what the issues are about: what follows from it follows from its default. */
function withoutFaulty(value: unknown, issues: readonly Issue[]): unknown {
  const copy = structuredClone(value);
  for (const issue of issues.filter(({ code }) => code !== "unrecognized_keys")) {
    const path = faultyPath(issue);
    const key = path.at(-1);
    const parent = valueAt(copy, path.slice(0, -1));
    if (key !== undefined && typeof parent === "object" && parent !== null)
      delete (parent as Record<PropertyKey, unknown>)[key];
  }
  return copy;
}

/** Where the field that chooses among the members of a union is wrong, none of its siblings was checked either. */
function faultyPath({ code, path }: Issue): readonly PropertyKey[] {
  return code === "invalid_union" ? path.slice(0, -1) : path;
}

/** Whether what is wrong lies on the way to the field, in it or below it. */
function touches(issue: Issue, field: string): boolean {
  if (issue.code === "unrecognized_keys") return false;
  const path = faultyPath(issue).join(".");
  return `${field}.`.startsWith(`${path}.`) || `${path}.`.startsWith(`${field}.`);
}

function locate(fault: Fault, environment: string, overrides: readonly Override[]): Fault {
  const override = overrides.find(({ path }) => `${fault.path}.`.startsWith(`${path.join(".")}.`));
  const place = override === undefined ? `environments/${environment}.ts` : `the variable ${override.variable}`;
  return { ...fault, path: `${environment}.${fault.path}`, remedy: `${fault.remedy} (${place})` };
}

function toFaults(issue: Issue, input: EnvironmentInput): Fault[] {
  const path = issue.path.join(".");
  const given = valueAt(input, issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: path === "" ? key : `${path}.${key}`,
      given: valueAt(input, [...issue.path, key]),
      allowed: ABSENT_FIELDS[`${input.cloud}.${path}.${key}`] ?? "no such field here",
      remedy: "remove it, or look its name up in docs/reference/environment.md",
    }));
  }
  const remedy = given === undefined ? "add the field" : "change the value";
  return [{ path, given, allowed: allowedBy(issue), remedy }];
}

function allowedBy(issue: Issue): string {
  switch (issue.code) {
    case "invalid_value":
      return issue.values.map((value) => JSON.stringify(value)).join(" or ");
    case "invalid_union":
      return "options" in issue && issue.options !== undefined
        ? issue.options
            .filter((value) => value !== undefined)
            .map((value) => JSON.stringify(value))
            .join(" or ")
        : issue.message;
    case "too_small":
      return `${issue.minimum} or more`;
    case "too_big":
      return `${issue.maximum} or less`;
    case "invalid_type":
      return issue.expected === "array" ? "a list" : `a value of type ${issue.expected}`;
    default:
      return issue.message;
  }
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], input);
}

function sharedNames(inputs: readonly EnvironmentInput[]): Fault[] {
  return inputs
    .map(({ name }) => name)
    .filter((name, index, names) => names.indexOf(name) !== index)
    .map((name) => ({
      path: name,
      given: name,
      allowed: "one environment of each name",
      remedy: "rename one of them",
    }));
}

/** On one cloud, where the second one's record would take the first one's site off the air. */
function sharedDomains(environments: readonly Environment[]): Fault[] {
  const owners = new Map<string, string>();
  return environments.flatMap(({ name, cloud, domain }) => {
    const owner = owners.get(`${cloud} ${domain}`) ?? name;
    owners.set(`${cloud} ${domain}`, owner);
    if (owner === name) return [];
    const allowed = `a domain other than that of ${owner}`;
    return [{ path: `${name}.domain`, given: domain, allowed, remedy: "change the domain of one of the two" }];
  });
}

/**
 * Permissions on AWS go by the beginning of names: `moodle-staging-??-*` is everything of `staging` in any incarnation,
 * and would be the roles of `staging-eu` as well.
 */
function nestedNames(environments: readonly Environment[]): Fault[] {
  const aws = environments.filter((environment) => environment.cloud === "aws");
  return aws.flatMap(({ name, account }) =>
    aws
      .filter((other) => other.account === account && name.startsWith(`${other.name}-`))
      .map((other) => ({
        path: `${name}.name`,
        given: name,
        allowed: `a name that does not begin with "${other.name}-", beside the environment ${other.name} in account ${account}`,
        remedy: "rename one of the two, or give each an account of its own",
      })),
  );
}

/** A second one in the same account would fail only when it is deployed. */
function sharedOidcProviders(environments: readonly Environment[]): Fault[] {
  const makers = new Map<string, string>();
  return environments.flatMap((environment) => {
    if (environment.cloud !== "aws" || environment.ci?.oidcProvider !== "create") return [];
    const { account, name } = environment;
    const maker = makers.get(account) ?? name;
    makers.set(account, maker);
    if (maker === name) return [];
    const path = `${name}.ci.oidcProvider`;
    const allowed = `"existing": ${maker} makes the one OIDC provider of account ${account}`;
    return [{ path, given: "create", allowed, remedy: `set ${path} to "existing"` }];
  });
}

/**
 * On Google Cloud a pod's identity is project, namespace and service account, whichever cluster of the project it is in:
 * the pods of one environment would be those of the other, and read its secrets and backups.
 * https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity
 */
function sharedProjects(environments: readonly Environment[]): Fault[] {
  const owners = new Map<string, string>();
  return environments.flatMap((environment) => {
    if (environment.cloud !== "google") return [];
    const { project, name } = environment;
    const owner = owners.get(project) ?? name;
    owners.set(project, owner);
    if (owner === name) return [];
    const allowed = `a project other than that of ${owner}, whose pods would have the same identities`;
    return [{ path: `${name}.project`, given: project, allowed, remedy: "give one of the two a project of its own" }];
  });
}
