import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { validate } from "../../scripts/validate";

const REGISTRY_UNREACHABLE = `
Error: Failed to query available provider packages

Could not retrieve the list of available versions for provider hashicorp/aws:
could not connect to registry.terraform.io: no such host

To see which modules are currently depending on hashicorp/aws, run:
    terraform providers
`;

let folder = "";
const before = process.env.TERRAFORM_BINARY_NAME;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "validate-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env.TERRAFORM_BINARY_NAME;
  else process.env.TERRAFORM_BINARY_NAME = before;
});

/** A terraform that notes its commands, fails `init` with `stderr` where given, and finds `diagnostics`. */
function fakeTerraform({ stderr = "", diagnostics = [] as object[] }): () => string[] {
  const log = join(folder, "log");
  const program = join(folder, "terraform");
  const lines = [
    "#!/bin/sh",
    `echo "$1 $(basename "$PWD")" >> ${log}`,
    `if [ "$1" = init ]; then printf '%s' '${stderr}' >&2; exit ${stderr === "" ? 0 : 1}; fi`,
    `echo '${JSON.stringify({ diagnostics })}'`,
  ];
  writeFileSync(program, `${lines.join("\n")}\n`, { mode: 0o755 });
  process.env.TERRAFORM_BINARY_NAME = program;
  return () => readFileSync(log, "utf8").trim().split("\n");
}

function stack(name: string, providers: object): string {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, "cdk.tf.json"), JSON.stringify({ terraform: { required_providers: providers } }));
  return name;
}

test("skips where Terraform is not installed", async () => {
  process.env.TERRAFORM_BINARY_NAME = join(folder, "absent");
  const results = await validate(folder, [stack("staging", { aws: {} })]);
  expect(results).toEqual([{ stack: "staging", outcome: "skipped", reasons: ["Terraform is not installed"] }]);
});

test("skips where the registry cannot be reached, and says so", async () => {
  fakeTerraform({ stderr: REGISTRY_UNREACHABLE });
  const [result] = await validate(folder, [stack("staging", { aws: {} })]);
  expect(result?.outcome).toBe("skipped");
  expect(result?.reasons[0]).toContain("could not connect to registry.terraform.io");
});

test("does not take another failure of init for an absent plugin", async () => {
  fakeTerraform({ stderr: "Error: Unsupported Terraform Core version" });
  const [result] = await validate(folder, [stack("staging", { aws: {} })]);
  expect(result).toEqual({
    stack: "staging",
    outcome: "invalid",
    reasons: ["Error: Unsupported Terraform Core version"],
  });
});

test("gives each error with the resource that it lies in, and leaves warnings out", async () => {
  fakeTerraform({
    diagnostics: [
      { severity: "error", summary: "Unsupported argument", detail: "No x here.", address: "aws_vpc.vpc" },
      { severity: "warning", summary: "Deprecated" },
    ],
  });
  const [result] = await validate(folder, [stack("staging", { aws: {} })]);
  expect(result?.outcome).toBe("invalid");
  expect(result?.reasons).toEqual(["aws_vpc.vpc: Unsupported argument: No x here."]);
});

test("initializes once for all stacks with the same providers", async () => {
  const commands = fakeTerraform({});
  const results = await validate(folder, [
    stack("one", { aws: {} }),
    stack("two", { google: {} }),
    stack("three", { aws: {} }),
  ]);
  expect(results.map(({ outcome }) => outcome)).toEqual(["valid", "valid", "valid"]);
  expect(commands().filter((command) => command.startsWith("init"))).toEqual(["init one", "init two"]);
  expect(commands().filter((command) => command.startsWith("validate"))).toHaveLength(3);
});
