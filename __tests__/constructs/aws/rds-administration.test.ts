import { rdsAdministration } from "../../../constructs/aws/rds-administration";

const region = "eu-central-1";

test("a password that RDS manages may be read and decrypted, and nothing else", () => {
  const administrator = { kind: "rds-managed-secret", secretArn: "arn:secret", region } as const;
  expect(rdsAdministration({ endpoint: { administrator }, databaseArn: "arn:db" }, "arn:key")).toEqual([
    { Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: "arn:secret" },
    { Effect: "Allow", Action: ["kms:Decrypt"], Resource: "arn:key" },
  ]);
});

test("a password that nobody keeps may be set on this one instance", () => {
  const administrator = { kind: "rds-reset-password", instanceIdentifier: "db", username: "u", region } as const;
  expect(rdsAdministration({ endpoint: { administrator }, databaseArn: "arn:db" }, "arn:key")).toEqual([
    { Effect: "Allow", Action: ["rds:DescribeDBInstances", "rds:ModifyDBInstance"], Resource: "arn:db" },
  ]);
});
