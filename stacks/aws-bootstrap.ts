import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { type App, Aspects, TerraformOutput } from "cdktf";
import { CiRoles } from "../constructs/aws/ci-roles";
import { ContainerRegistry } from "../constructs/aws/container-registry";
import { RunnerIdentity } from "../constructs/aws/runner-identity";
import { StateBucket } from "../constructs/aws/state-bucket";
import { ComponentTags } from "../constructs/core/component-tags";
import { pinProviders } from "../constructs/core/providers";
import type { AwsEnvironment } from "../environments/defaults";
import { addAwsBackend } from "./aws-backend";
import { awsNames } from "./aws-names";
import { addBootstrapBackend } from "./bootstrap-state";
import { PlatformStack } from "./platform-stack";
import { standardTags } from "./standard-tags";

/** The platform's own images. */
const IMAGES = ["moodle", "backup", "database-roles", "rollout", "operator", "analytics"];

/**
 * What precedes an environment on AWS and outlives it: the bucket of the state with its key and lock, the image
 * registry, and by choice the roles of CI and the identity of a runner. An administrator deploys it, not CI.
 */
export class AwsBootstrapStack extends PlatformStack {
  constructor(app: App, id: string, environment: AwsEnvironment) {
    super(app, id);
    const { name, account, region, protection, ci } = environment;
    pinProviders(this, ["aws"]);
    addBootstrapBackend(this, () => addAwsBackend(this, environment));
    new AwsProvider(this, "aws", {
      region,
      allowedAccountIds: [account],
      defaultTags: [{ tags: standardTags(environment) }],
    });
    Aspects.of(this).add(new ComponentTags("tags"));

    const { base } = awsNames(environment);
    const state = new StateBucket(this, "state", {
      name: base,
      bucketName: environment.state.bucket,
      account,
      region,
      lock: environment.state.lock,
    });
    const registry = new ContainerRegistry(this, "registry", {
      name: base,
      images: IMAGES,
      account,
      region,
      // Bootstrap outlives the site.
      protection: protection === "retiring" ? "protected" : protection,
    });
    if (ci === undefined) return;

    const roles = new CiRoles(this, "ci", {
      name: base,
      account,
      region,
      githubRepository: ci.githubRepository,
      githubEnvironment: name,
      oidcProvider: ci.oidcProvider,
      state,
      registry,
    });
    new TerraformOutput(this, "plan-role", {
      value: roles.planRoleArn,
      description: "For aws-actions/configure-aws-credentials in workflows that plan",
    });
    new TerraformOutput(this, "deploy-role", {
      value: roles.deployRoleArn,
      description: `For aws-actions/configure-aws-credentials in jobs of the GitHub environment ${name}`,
    });
    if (!ci.runner) return;

    const runner = new RunnerIdentity(this, "runner", { name: base, account, region });
    new TerraformOutput(this, "runner-connection", {
      value: runner.connectionArn,
      description: "Authorize it in the console, then write it into the environment as ci.connectionArn",
    });
  }
}
