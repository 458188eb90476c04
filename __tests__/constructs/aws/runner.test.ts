import { Runner } from "../../../constructs/aws/runner";
import { RunnerIdentity } from "../../../constructs/aws/runner-identity";
import { type Resource, Template } from "../../support/template";

describe("a runner", () => {
  let label = "";
  const template = Template.from((scope) => {
    label = new Runner(scope, "runner", {
      name: "moodle-production-1",
      connectionArn: "arn:aws:codeconnections:eu-central-1:111122223333:connection/1",
      roleArn: "arn:aws:iam::111122223333:role/moodle-production-runner",
      githubRepository: "example-university/moodle-platform",
      vpcId: "vpc-1",
      subnetIds: ["subnet-1", "subnet-2"],
      clusterSecurityGroupId: "sg-cluster",
      keyArn: "arn:aws:kms:eu-central-1:111122223333:key/1",
    }).label;
  });
  const project = template.only("aws_codebuild_project");

  test("is in the private subnets, and lets nothing in", () => {
    expect(project.vpc_config).toMatchObject({ vpc_id: "vpc-1", subnets: ["subnet-1", "subnet-2"] });
    expect(template.resources("aws_vpc_security_group_ingress_rule")).toHaveLength(1);
  });

  test("reaches the API server", () => {
    expect(template.only("aws_vpc_security_group_ingress_rule")).toMatchObject({
      security_group_id: "sg-cluster",
      from_port: 443,
      to_port: 443,
    });
  });

  test("takes the repository's queued jobs, by a connection that holds no token", () => {
    expect(project.source).toMatchObject({
      type: "GITHUB",
      location: "https://github.com/example-university/moodle-platform.git",
      auth: { type: "CODECONNECTIONS" },
    });
    expect(template.only("aws_codebuild_webhook").filter_group).toEqual([
      { filter: [{ type: "EVENT", pattern: "WORKFLOW_JOB_QUEUED" }] },
    ]);
  });

  test("has a name that CodeBuild takes, which is its label", () => {
    expect(project.name).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{1,149}$/);
    expect(label).toBe("moodle-production-1-runner");
  });

  test("is not privileged", () => expect(project.environment.privileged_mode).toBeUndefined());

  test("writes to an encrypted log that expires", () => {
    expect(template.only("aws_cloudwatch_log_group")).toMatchObject({
      name: "/aws/codebuild/moodle-production-1-runner",
      retention_in_days: 90,
      kms_key_id: "arn:aws:kms:eu-central-1:111122223333:key/1",
    });
  });
});

describe("its identity", () => {
  const template = Template.from((scope) => {
    new RunnerIdentity(scope, "runner", {
      name: "moodle-production",
      account: "111122223333",
      region: "eu-central-1",
    });
  });
  const statements: Resource[] = JSON.parse(template.only("aws_iam_role_policy").policy).Statement;

  test("serves CodeBuild of this account alone", () => {
    expect(JSON.parse(template.only("aws_iam_role").assume_role_policy).Statement[0]).toMatchObject({
      Principal: { Service: "codebuild.amazonaws.com" },
      Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } },
    });
  });

  test("has no right to deploy: logs, the connection and network interfaces", () => {
    const services = new Set(statements.flatMap(({ Action }) => Action.map((one: string) => one.split(":")[0])));
    expect([...services].sort()).toEqual(["codeconnections", "ec2", "logs"]);
  });

  test("gives network interfaces to CodeBuild only", () => {
    const granting = statements.find(({ Action }) => Action.includes("ec2:CreateNetworkInterfacePermission"));
    expect(granting?.Condition).toEqual({ StringEquals: { "ec2:AuthorizedService": "codebuild.amazonaws.com" } });
  });

  test("has a connection whose name fits", () => {
    const { name, provider_type } = template.only("aws_codeconnections_connection");
    expect(name.length).toBeLessThanOrEqual(32);
    expect(provider_type).toBe("GitHub");
  });
});
