import { CiRoles, type CiRolesProps } from "../../../constructs/aws/ci-roles";
import { ContainerRegistry } from "../../../constructs/aws/container-registry";
import { StateBucket } from "../../../constructs/aws/state-bucket";
import { type Resource, Template } from "../../support/template";

const base: Omit<CiRolesProps, "state" | "registry"> = {
  name: "moodle-production",
  account: "111122223333",
  region: "eu-central-1",
  githubRepository: "example-university/moodle-platform",
  githubEnvironment: "production",
};

function build(props: Partial<CiRolesProps> = {}, lock: "file" | "dynamodb" = "file"): Template {
  return Template.from((scope) => {
    const state = new StateBucket(scope, "state", {
      ...base,
      bucketName: "moodle-production-state-111122223333",
      lock,
    });
    const registry = new ContainerRegistry(scope, "registry", { ...base, images: ["moodle"] });
    new CiRoles(scope, "ci", { ...base, state, registry, ...props });
  });
}

const role = (template: Template, name: string) => template.only("aws_iam_role", { name });
const trust = (template: Template, name: string): Resource =>
  JSON.parse(role(template, name).assume_role_policy).Statement[0];

function policy(template: Template, which: "plan" | "deploy"): Resource[] {
  const [id] = Object.entries(template.all("aws_iam_role_policy")).find(([id]) => id.startsWith(`ci_${which}`)) ?? [];
  return JSON.parse(template.all("aws_iam_role_policy")[id ?? ""]?.policy).Statement;
}

function bySid(statements: Resource[], sid: string): Resource {
  const found = statements.find(({ Sid }) => Sid === sid);
  if (found === undefined) throw new Error(`no statement ${sid}`);
  return found;
}

const actions = (statements: Resource[], effect: string): string[] =>
  statements.filter(({ Effect }) => Effect === effect).flatMap(({ Action }) => Action ?? []);

/** Whether IAM's wildcards match an ARN. */
const matches = (pattern: string, arn: string): boolean =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^$(){}|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  ).test(arn);

/** Whether a statement that has no condition denies an action on a resource. */
const denies = (statements: Resource[], action: string, resource: string): boolean =>
  statements.some(({ Effect, Action, NotAction, Resource, Condition }) => {
    const named = (patterns: string | string[]) => [patterns].flat().some((pattern) => matches(pattern, action));
    return (
      Effect === "Deny" &&
      Condition === undefined &&
      (Action === undefined ? !named(NotAction) : named(Action)) &&
      [Resource].flat().some((pattern) => matches(pattern, resource))
    );
  });

describe("with a lock file", () => {
  const template = build();
  const plan = policy(template, "plan");
  const deploy = policy(template, "deploy");
  const boundary: Resource[] = JSON.parse(template.only("aws_iam_policy").policy).Statement;

  test("GitHub's identities are accepted for AWS alone", () => {
    const provider = template.only("aws_iam_openid_connect_provider");
    expect(provider.url).toBe("https://token.actions.githubusercontent.com");
    expect(provider.client_id_list).toEqual(["sts.amazonaws.com"]);
  });

  test("pull requests and the main branch of the one repository may plan", () => {
    expect(trust(template, "moodle-production-plan").Condition).toEqual({
      StringEquals: {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": [
          "repo:example-university/moodle-platform:pull_request",
          "repo:example-university/moodle-platform:ref:refs/heads/main",
        ],
      },
    });
  });

  test("only jobs of the GitHub environment may deploy", () => {
    expect(
      trust(template, "moodle-production-deploy").Condition.StringEquals["token.actions.githubusercontent.com:sub"],
    ).toEqual(["repo:example-university/moodle-platform:environment:production"]);
  });

  test("plan writes nothing but the lock", () => {
    const writes = plan.filter(
      ({ Effect, Action }) =>
        Effect === "Allow" && Action.some((one: string) => /:(Put|Delete|Create|Update)/.test(one)),
    );
    expect(writes).toHaveLength(1);
    expect(writes[0]?.Resource).toMatch(/\/\*\.tflock$/);
  });

  test("plan reads no object but the state's", () => {
    expect(bySid(plan, "DenyObjects")).toMatchObject({
      Effect: "Deny",
      Action: expect.arrayContaining(["s3:GetObject", "s3:GetObjectVersion"]),
      NotResource: expect.stringMatching(/^\$\{aws_s3_bucket\.state.+\.arn\}\/\*$/),
    });
  });

  test("plan reads no secret but what Terraform itself refreshes", () => {
    const { NotResource } = bySid(plan, "DenySecrets");
    const secret = (name: string) => `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}-AbCdEf`;
    expect(matches(NotResource, secret("moodle-production-1-sessions-auth-token"))).toBe(true);
    for (const other of [
      "moodle-production-1-database-application-login",
      "rds!db-1",
      "moodle-staging-1-cache-auth-token",
    ]) {
      expect(matches(NotResource, secret(other))).toBe(false);
    }
  });

  test("plan uses a key of the environment for such a secret only", () => {
    const decrypt = plan.filter(({ Effect, Action }) => Effect === "Allow" && Action.includes("kms:Decrypt"));
    for (const { Resource, Condition } of decrypt) {
      if (!String(Resource).endsWith(":key/*")) continue;
      expect(Condition.StringEquals["kms:ViaService"]).toBe("secretsmanager.eu-central-1.amazonaws.com");
      expect(Condition.StringLike["kms:EncryptionContext:SecretARN"]).toBe(bySid(plan, "DenySecrets").NotResource);
    }
    expect(decrypt).toHaveLength(2);
  });

  test("plan reads neither logs, parameters, items nor images", () => {
    expect(actions(plan, "Deny")).toEqual(
      expect.arrayContaining(["logs:GetLogEvents", "ssm:GetParameter", "dynamodb:Scan", "ecr:BatchGetImage"]),
    );
  });

  test("deploy makes roles under the boundary only", () => {
    const boundaryArn = `\${aws_iam_policy.${Object.keys(template.all("aws_iam_policy"))[0]}.arn}`;
    for (const action of [
      "iam:CreateRole",
      "iam:PutRolePolicy",
      "iam:AttachRolePolicy",
      "iam:PutRolePermissionsBoundary",
    ]) {
      const allowing = deploy.filter(({ Effect, Action }) => Effect === "Allow" && Action.includes(action));
      expect(allowing.map(({ Condition }) => Condition)).toEqual([
        { StringEquals: { "iam:PermissionsBoundary": boundaryArn } },
      ]);
    }
    expect(actions(deploy, "Allow")).not.toContain("iam:DeleteRolePermissionsBoundary");
  });

  test("deploy manages the environment's identities, and none of bootstrap's", () => {
    const writing = deploy.filter(
      ({ Effect, Action }) => Effect === "Allow" && Action.some((one: string) => !/:(Get|List|PassRole)/.test(one)),
    );
    const patterns = writing.flatMap(({ Resource }) => Resource as string[]);
    const allowed = (kind: string, name: string) =>
      patterns.some((pattern) => matches(pattern, `arn:aws:iam::111122223333:${kind}/${name}`));
    for (const name of ["moodle-production-1-cluster", "moodle-production-12-db-monitoring"]) {
      expect(allowed("role", name)).toBe(true);
    }
    for (const name of ["plan", "deploy", "runner", "boundary"]) {
      expect(allowed("role", `moodle-production-${name}`)).toBe(false);
      expect(allowed("policy", `moodle-production-${name}`)).toBe(false);
    }
    expect(allowed("role", "administrator")).toBe(false);
  });

  test("deploy hands roles to named services only", () => {
    const passing = deploy.filter(({ Action }) => Action?.includes("iam:PassRole"));
    expect(passing).toHaveLength(1);
    expect(passing[0]?.Condition.StringEquals["iam:PassedToService"]).toContain("eks.amazonaws.com");
  });

  describe("what bootstrap has made", () => {
    const arn = (type: string, path: string) => {
      const [id] = Object.keys(template.all(type)).filter((one) => one.startsWith(path));
      return `\${${type}.${id}.arn}`;
    };
    const named = (service: string, resource: string) => `arn:aws:${service}:eu-central-1:111122223333:${resource}`;
    const bucket = arn("aws_s3_bucket", "state_bucket");
    const connection = named("codeconnections", "connection/7f0c0b52");
    const image = named("ecr", "repository/moodle-production/moodle");

    test.each([
      ["s3:DeleteBucket", bucket],
      ["s3:PutBucketPolicy", bucket],
      ["s3:PutLifecycleConfiguration", bucket],
      ["s3:PutReplicationConfiguration", bucket],
      ["s3:DeleteObjectVersion", `${bucket}/production.tfstate`],
      ["s3:PutObject", `${bucket}/bootstrap-production.tfstate`],
      ["s3:DeleteObject", `${bucket}/bootstrap-production.tfstate`],
      ["s3:PutObject", `${bucket}/bootstrap-production.tfstate.tflock`],
      ...["ScheduleKeyDeletion", "DisableKey", "PutKeyPolicy", "DisableKeyRotation", "RevokeGrant"].flatMap(
        (action) => [
          [`kms:${action}`, arn("aws_kms_key", "state_key")],
          [`kms:${action}`, arn("aws_kms_key", "registry_key")],
        ],
      ),
      ["kms:UpdateAlias", named("kms", "alias/moodle-production-state")],
      ["kms:DeleteAlias", named("kms", "alias/moodle-production-registry")],
      ["ecr:DeleteRepository", image],
      ["ecr:BatchDeleteImage", image],
      ["ecr:PutLifecyclePolicy", image],
      ["ecr:DeleteLifecyclePolicy", image],
      ["ecr:SetRepositoryPolicy", image],
      ["ecr:PutImageTagMutability", image],
      ["codeconnections:DeleteConnection", connection],
      ["codestar-connections:DeleteConnection", connection],
    ] as [string, string][])("neither deploy nor a role that it makes can %s on %s", (action, resource) => {
      expect(denies(deploy, action, resource)).toBe(true);
      expect(denies(boundary, action, resource)).toBe(true);
    });

    test.each([
      ["s3:ListBucket", bucket],
      ["s3:GetObject", `${bucket}/bootstrap-production.tfstate`],
      ["s3:GetObject", `${bucket}/production.tfstate`],
      ["s3:PutObject", `${bucket}/production.tfstate`],
      ["s3:PutObject", `${bucket}/production.tfstate.tflock`],
      ["s3:DeleteObject", `${bucket}/production.tfstate.tflock`],
      ["s3:PutBucketPolicy", "arn:aws:s3:::moodle-production-1-files-111122223333"],
      ["kms:Decrypt", arn("aws_kms_key", "state_key")],
      ["kms:GenerateDataKey", arn("aws_kms_key", "state_key")],
      ["kms:PutKeyPolicy", named("kms", "key/1")],
      ["kms:UpdateAlias", named("kms", "alias/moodle-production-1-data")],
      ["ecr:GetAuthorizationToken", "*"],
      ["ecr:BatchCheckLayerAvailability", image],
      ["ecr:InitiateLayerUpload", image],
      ["ecr:UploadLayerPart", image],
      ["ecr:CompleteLayerUpload", image],
      ["ecr:PutImage", image],
      ["ecr:BatchGetImage", image],
      ["ecr:DescribeImages", image],
      ["codeconnections:UseConnection", connection],
      ["codeconnections:PassConnection", connection],
    ])("deploy is not kept from %s on %s", (action, resource) => {
      expect(denies(deploy, action, resource)).toBe(false);
    });
  });

  test("the boundary leaves no role to manage identities or to read the state", () => {
    expect(boundary[0]).toMatchObject({ Effect: "Allow", NotAction: ["iam:*", "organizations:*", "account:*"] });
    const iam = actions(boundary.slice(1), "Allow");
    expect(iam.filter((action) => /Role(Policy|$)/.test(action)).sort()).toEqual(
      ["iam:CreateServiceLinkedRole", "iam:GetRole", "iam:PassRole"].sort(),
    );
    expect(bySid(boundary, "DenyState").Action).toEqual(["s3:*"]);
  });

  test("policies fit into IAM's limits", () => {
    const length = (text: string) => text.replaceAll(/\$\{[^}]+\}/g, "a".repeat(100)).length;
    const longest = build({ name: `moodle-${"a".repeat(24)}` }, "dynamodb");
    for (const { policy: text } of longest.resources("aws_iam_role_policy")) expect(length(text)).toBeLessThan(10_240);
    expect(length(longest.only("aws_iam_policy").policy)).toBeLessThan(6_144);
  });
});

test("with a lock table, plan may hold its items and see no other", () => {
  const template = build({}, "dynamodb");
  const plan = policy(template, "plan");
  const table = `\${aws_dynamodb_table.${Object.keys(template.all("aws_dynamodb_table"))[0]}.arn}`;
  expect(plan.find(({ Effect, Action }) => Effect === "Allow" && Action.includes("dynamodb:PutItem"))?.Resource).toBe(
    table,
  );
  expect(bySid(plan, "DenyItems").NotResource).toBe(table);
  expect(actions(plan, "Allow")).not.toContain("s3:PutObject");
});

test("with a lock table, deploy may hold its items but bootstrap's, and not change the table", () => {
  const template = build({}, "dynamodb");
  const deploy = policy(template, "deploy");
  const table = `\${aws_dynamodb_table.${Object.keys(template.all("aws_dynamodb_table"))[0]}.arn}`;
  for (const action of ["DeleteTable", "UpdateTable", "UpdateTimeToLive", "UpdateContinuousBackups"]) {
    expect(denies(deploy, `dynamodb:${action}`, table)).toBe(true);
    expect(denies(JSON.parse(template.only("aws_iam_policy").policy).Statement, `dynamodb:${action}`, table)).toBe(
      true,
    );
  }
  for (const action of ["DescribeTable", "GetItem", "PutItem", "DeleteItem"]) {
    expect(denies(deploy, `dynamodb:${action}`, table)).toBe(false);
  }
  expect(bySid(deploy, "DenyBootstrapLock")).toMatchObject({
    Action: ["dynamodb:PutItem", "dynamodb:DeleteItem"],
    Condition: { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": expect.stringMatching(/\/bootstrap-\*$/) } },
  });
});

test("an account's provider that exists is not made again", () => {
  const template = build({ oidcProvider: "existing" });
  expect(template.resources("aws_iam_openid_connect_provider")).toEqual([]);
  expect(trust(template, "moodle-production-plan").Principal.Federated).toBe(
    "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
  );
});
