import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

const root = join(__dirname, "..");

const REFUSED = [
  ["constructs/aws/barrel.ts", "@cdktf/provider-aws"],
  ["constructs/aws/other-cloud.ts", "../google/network"],
  ["constructs/aws/workload.ts", "../workloads/moodle-web"],
  ["constructs/google/other-cloud.ts", "@cdktf/provider-aws/lib/vpc"],
  ["constructs/workloads/cloud.ts", "../aws/vpc"],
  ["constructs/workloads/binding.ts", "@cdktf/provider-google/lib/compute-network"],
  ["constructs/core/binding.ts", "@cdktf/provider-aws/lib/vpc"],
  ["constructs/workloads/environment.ts", "../../environments/schema"],
  ["constructs/aws/stack.ts", "../../stacks"],
  ["environments/construct.ts", "../constructs/aws/vpc"],
  ["environments/workload.ts", "../constructs/workloads/moodle-web"],
  ["stacks/script.ts", "../scripts/matrix"],
] as const;

const ALLOWED = [
  ["constructs/aws/binding.ts", "@cdktf/provider-aws/lib/vpc"],
  ["constructs/workloads/port.ts", "../ports"],
  ["environments/version.ts", "../constructs/versions"],
  ["environments/tiers.ts", "../constructs/google/filestore-tiers"],
  ["environments/machines.ts", "../constructs/google/gpu-machine-types"],
  ["environments/arithmetic.ts", "../constructs/workloads/fpm-children"],
  ["environments/models.ts", "../constructs/workloads/inference-model"],
  ["stacks/construct.ts", "../constructs/aws/vpc"],
] as const;

/** They import types of each other. */
const CIRCLE = ["services/backup/one.ts", "services/backup/two.ts"] as const;

/** What the linter says of a file that imports each of these, with the project's own rules. */
let findings = "";

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), "layers-"));
  try {
    const { linter, overrides } = JSON.parse(readFileSync(join(root, "biome.json"), "utf8"));
    writeFileSync(join(folder, "biome.json"), JSON.stringify({ linter, overrides }));
    for (const [path, module] of [...REFUSED, ...ALLOWED]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), `import { anything } from "${module}";\nexport const used = anything;\n`);
    }
    mkdirSync(join(folder, dirname(CIRCLE[0])), { recursive: true });
    for (const [index, path] of CIRCLE.entries()) {
      const other = basename(CIRCLE[1 - index] ?? "", ".ts");
      writeFileSync(
        join(folder, path),
        `import type { Own } from "./${other}";\nexport type { Own as Other };\nexport type Own = 1;\n`,
      );
    }
    const biome = join(root, "node_modules", ".bin", "biome");
    const { stdout, stderr } = spawnSync(biome, ["lint", "--max-diagnostics=none"], { cwd: folder, encoding: "utf8" });
    findings = stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each(REFUSED)("%s may not import %s", (path) => {
  expect(findings).toContain(`${path}:1:26 lint/style/noRestrictedImports`);
});

test.each(ALLOWED)("%s may import %s", (path) => {
  expect(findings).not.toContain(path);
});

test.each(CIRCLE)("%s may not be part of a circle, of types either", (path) => {
  expect(findings).toMatch(new RegExp(`${path}:1:\\d+ lint/suspicious/noImportCycles`));
});
