import { SecretsManagerSecret } from "../../../constructs/aws/secrets-manager-secret";
import { ConfigurationError } from "../../../constructs/core/errors";
import type { Protection } from "../../../constructs/core/protection";
import { Template } from "../../support/template";

const keyArn = "arn:aws:kms:eu-central-1:111122223333:key/1";

function build(protection?: Protection, name = "moodle-production-1/database-application") {
  let secret: SecretsManagerSecret | undefined;
  const template = Template.from((scope) => {
    secret = new SecretsManagerSecret(scope, "secret", { name, description: "Password", keyArn, protection });
  });
  return { template, secret: secret as unknown as SecretsManagerSecret };
}

test("a secret has a key and no value", () => {
  const { template } = build();
  expect(template.addresses()).toHaveLength(1);
  expect(template.only("aws_secretsmanager_secret").kms_key_id).toBe(keyArn);
});

test("a protected secret can be recovered for 30 days, a disposable one leaves its name free", () => {
  expect(build().template.only("aws_secretsmanager_secret")).toMatchObject({
    recovery_window_in_days: 30,
    lifecycle: { prevent_destroy: true },
  });
  expect(build("disposable").template.only("aws_secretsmanager_secret")).toMatchObject({
    recovery_window_in_days: 0,
    lifecycle: { prevent_destroy: false },
  });
});

test("only its name travels", () => {
  expect(build().secret.ref).toEqual({
    store: "aws-secrets-manager",
    name: "moodle-production-1/database-application",
  });
});

test("readers cannot write, writers need not read", () => {
  const { secret } = build();
  expect(secret.readStatements().flatMap(({ Action = [] }) => Action)).not.toContain("secretsmanager:PutSecretValue");
  expect(secret.writeStatements().flatMap(({ Action = [] }) => Action)).not.toContain("secretsmanager:GetSecretValue");
});

test("refuses a name that Secrets Manager refuses", () => {
  expect(() => build("protected", "moodle secret")).toThrow(ConfigurationError);
});
