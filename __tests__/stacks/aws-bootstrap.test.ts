import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { App, Aspects, TerraformStack } from "cdktf";
import { PermissionsBoundary } from "../../constructs/aws/permissions-boundary";
import type { AwsEnvironment } from "../../environments/defaults";
import { loadEnvironments } from "../../environments/load";
import { production } from "../../examples/aws/production";
import { staging } from "../../examples/aws/staging";
import { addAwsBackend } from "../../stacks/aws-backend";
import { AwsBootstrapStack } from "../../stacks/aws-bootstrap";
import { awsNames } from "../../stacks/aws-names";
import { BOOTSTRAP_STATE } from "../../stacks/bootstrap-state";
import { type Resource, Template } from "../support/template";

type Input = Parameters<typeof loadEnvironments>[0][number];

function load(input: Input): AwsEnvironment {
  return loadEnvironments([input])[0] as AwsEnvironment;
}

function bootstrap(input: Input): Template {
  const environment = load(input);
  return Template.of(
    new AwsBootstrapStack(new App({ stackTraces: false }), `bootstrap-${environment.name}`, environment),
  );
}

const backendOf = ({ json }: Template): Resource => (json.terraform as Resource).backend;

describe("bootstrap of production", () => {
  const template = bootstrap(production as Input);
  const names = awsNames(load(production as Input));
  const outputs = template.json.output as Resource;

  test("keeps the state in its own bucket, encrypted by its own key, locked by a file", () => {
    expect(backendOf(template)).toEqual({
      s3: {
        bucket: "moodle-production-state-444455556666",
        key: "bootstrap-production.tfstate",
        region: "eu-central-1",
        encrypt: true,
        kms_key_id: "arn:aws:kms:eu-central-1:444455556666:alias/moodle-production-state",
        use_lockfile: true,
        allowed_account_ids: ["444455556666"],
      },
    });
    expect(template.only("aws_s3_bucket").bucket).toBe("moodle-production-state-444455556666");
    expect(template.resources("aws_kms_alias").map(({ name }) => name)).toContain("alias/moodle-production-state");
  });

  test("lets uploads of the state name the key by that alias", () => {
    expect(template.only("aws_s3_bucket_policy").policy).toContain(names.stateKeyAliasArn);
  });

  test("has a repository for each of the platform's images, whose tags never move", () => {
    const repositories = template.resources("aws_ecr_repository");
    expect(repositories.map(({ name }) => name).sort()).toEqual([
      "moodle-production/analytics",
      "moodle-production/backup",
      "moodle-production/database-roles",
      "moodle-production/moodle",
      "moodle-production/operator",
      "moodle-production/rollout",
    ]);
    for (const repository of repositories) {
      expect(repository).toMatchObject({
        image_tag_mutability: "IMMUTABLE",
        image_scanning_configuration: { scan_on_push: true },
        encryption_configuration: [{ encryption_type: "KMS" }],
        lifecycle: { prevent_destroy: true },
      });
    }
  });

  test("puts them where the environment looks for its images", () => {
    const registry = load(production as Input).images.registry;
    expect(registry).toBe("444455556666.dkr.ecr.eu-central-1.amazonaws.com/moodle-production");
  });

  test("expires images that have no tag, and no other", () => {
    for (const { policy } of template.resources("aws_ecr_lifecycle_policy")) {
      expect(JSON.parse(policy).rules.map(({ selection }: Resource) => selection.tagStatus)).toEqual(["untagged"]);
    }
  });

  test("makes what the environment finds by name", () => {
    const made = template.resources("aws_iam_role").map(({ name }) => name);
    for (const arn of [names.planRoleArn, names.deployRoleArn, names.runnerRoleArn]) {
      expect(made).toContain(arn.split("/").at(-1));
    }
    expect(template.only("aws_iam_policy").name).toBe(names.boundaryArn.split("/").at(-1));
  });

  test("prints what workflows and the administrator need", () => {
    expect(Object.keys(outputs).sort()).toEqual(["deploy-role", "plan-role", "runner-connection"]);
  });

  test("has no incarnation in its names, which outlive every one", () => {
    expect(JSON.stringify(template.json)).not.toMatch(/"moodle-production-1/);
  });

  test("works in one account only", () => {
    expect((template.json.provider as Resource).aws[0]).toMatchObject({
      allowed_account_ids: ["444455556666"],
      region: "eu-central-1",
    });
  });
});

test("even a disposable environment's state cannot be destroyed, its images can", () => {
  const template = bootstrap(staging as Input);
  expect(template.only("aws_s3_bucket").lifecycle.prevent_destroy).toBe(true);
  expect(template.resources("aws_ecr_repository").every(({ force_delete }) => force_delete === true)).toBe(true);
});

test("a lock table is encrypted, restorable and protected, and the backend uses it", () => {
  const template = bootstrap({ ...staging, state: { lock: "dynamodb" } } as Input);
  expect(template.only("aws_dynamodb_table")).toMatchObject({
    name: "moodle-staging-state-lock",
    hash_key: "LockID",
    attribute: [{ name: "LockID", type: "S" }],
    billing_mode: "PAY_PER_REQUEST",
    point_in_time_recovery: { enabled: true },
    server_side_encryption: { enabled: true, kms_key_arn: expect.stringContaining("aws_kms_key.") },
    deletion_protection_enabled: true,
    lifecycle: { prevent_destroy: true },
  });
  expect(backendOf(template).s3).toMatchObject({ dynamodb_table: "moodle-staging-state-lock" });
  expect(backendOf(template).s3.use_lockfile).toBeUndefined();
});

test("without CI there is neither role nor provider", () => {
  const cluster = { administrators: ["arn:aws:iam::111122223333:role/platform"] };
  const template = bootstrap({ ...staging, ci: undefined, cluster } as Input);
  expect(template.types().filter((type) => type.startsWith("aws_iam_"))).toEqual([]);
});

test("without a runner there is no connection", () => {
  expect(bootstrap(staging as Input).resources("aws_codeconnections_connection")).toEqual([]);
});

test("the first deploy keeps its state in a file", () => {
  const before = process.env[BOOTSTRAP_STATE];
  process.env[BOOTSTRAP_STATE] = "local";
  try {
    expect(backendOf(bootstrap(staging as Input)).local.path).toMatch(/terraform\.bootstrap-staging\.tfstate$/);
  } finally {
    if (before === undefined) delete process.env[BOOTSTRAP_STATE];
    else process.env[BOOTSTRAP_STATE] = before;
  }
});

test("each stack has a state of its own", () => {
  const stack = new TerraformStack(new App({ stackTraces: false }), "staging");
  addAwsBackend(stack, load(staging as Input));
  expect(backendOf(Template.of(stack)).s3.key).toBe("staging.tfstate");
});

test("the boundary reaches every role in its scope", () => {
  const template = Template.from((scope) => {
    new IamRole(scope, "role", { assumeRolePolicy: "{}" });
    Aspects.of(scope).add(new PermissionsBoundary("arn:aws:iam::111122223333:policy/b"));
  });
  expect(template.only("aws_iam_role").permissions_boundary).toBe("arn:aws:iam::111122223333:policy/b");
});
