import { KmsKey, type KmsKeyProps } from "../../../constructs/aws/kms-key";
import { Template } from "../../support/template";

function synthesize(overrides: Partial<KmsKeyProps> = {}): Template {
  return Template.from((stack) => {
    new KmsKey(stack, "key", {
      name: "moodle-staging-1",
      description: "Everything of the environment",
      account: "123456789012",
      region: "eu-central-1",
      ...overrides,
    });
  });
}

function statement(overrides: Partial<KmsKeyProps>, sid: string) {
  const { Statement } = JSON.parse(synthesize(overrides).only("aws_kms_key").policy);
  return Statement.find(({ Sid }: { Sid: string }) => Sid === sid);
}

test("is rotated", () => {
  expect(synthesize().only("aws_kms_key").enable_key_rotation).toBe(true);
});

test("is found by its name", () => {
  expect(synthesize().only("aws_kms_alias").name).toBe("alias/moodle-staging-1");
});

test.each([
  ["protected", 30, true],
  ["disposable", 7, false],
] as const)("where %s, a deletion takes %i days to take effect", (protection, days, prevented) => {
  expect(synthesize({ protection }).only("aws_kms_key")).toMatchObject({
    deletion_window_in_days: days,
    lifecycle: { prevent_destroy: prevented },
  });
});

test("stays in the hands of its account", () => {
  expect(statement({}, "PermissionsByIam").Principal).toEqual({ AWS: "arn:aws:iam::123456789012:root" });
});

test("serves no other service unless told", () => {
  expect(JSON.parse(synthesize().only("aws_kms_key").policy).Statement).toHaveLength(1);
});

test("lets other accounts decrypt where they are named, and nothing more", () => {
  expect(statement({ decryptingAccounts: ["444455556666"] }, "DecryptFromOtherAccounts")).toMatchObject({
    Principal: { AWS: ["arn:aws:iam::444455556666:root"] },
    Action: ["kms:Decrypt", "kms:DescribeKey"],
  });
});

test("serves CloudWatch Logs for the account's own log groups", () => {
  expect(statement({ services: ["logs"] }, "CloudWatchLogs")).toMatchObject({
    Principal: { Service: "logs.eu-central-1.amazonaws.com" },
    Condition: {
      ArnLike: {
        "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-central-1:123456789012:log-group:*",
      },
    },
  });
});

test("serves EBS for principals of its own account alone", () => {
  expect(statement({ services: ["ebs"] }, "ElasticBlockStore").Condition).toEqual({
    StringEquals: { "kms:CallerAccount": "123456789012", "kms:ViaService": "ec2.eu-central-1.amazonaws.com" },
  });
});

test("speaks of the partition that its region is in", () => {
  expect(statement({ region: "us-gov-west-1" }, "PermissionsByIam").Principal.AWS).toMatch(/^arn:aws-us-gov:/);
});
