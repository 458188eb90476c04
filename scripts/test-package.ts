/**
 * `npm run test:package`: packs the library, installs the tarball and `examples/own-stack` in an empty folder, imports
 * every export, type-checks and synthesizes the example, by the settings of cdktf's template too, and sees that there is
 * one copy of cdktf.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = process.cwd();
const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
  devDependencies: Record<string, string>;
};

function run(folder: string, command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function check(what: string, isTrue: boolean): void {
  if (!isTrue) throw new Error(`failed: ${what}`);
  console.log(`passed: ${what}`);
}

function testPackage(folder: string): void {
  const [{ filename, files }] = JSON.parse(run(root, "npm", "pack", "--json", "--pack-destination", folder)) as [
    { filename: string; files: { path: string }[] },
  ];
  const stray = files.filter(({ path }) => !/^(dist\/constructs\/|charts\/|[A-Z]+(\.md)?$|package\.json$)/.test(path));
  check("the tarball holds constructs and charts and nothing else", stray.length === 0);

  const example = join(folder, "example");
  cpSync(join(root, "examples/own-stack"), example, {
    recursive: true,
    filter: (source) => !/node_modules|dist|cdktf\.out/.test(source.slice(root.length)),
  });
  const manifest = JSON.parse(readFileSync(join(example, "package.json"), "utf8"));
  manifest.dependencies["moodle-platform"] = `file:../${filename}`;
  // Not wanted by an AWS stack, but by the import of every export.
  manifest.dependencies["@cdktf/provider-google"] = devDependencies["@cdktf/provider-google"];
  // The whole command line is not: its program is called here as it would call it.
  delete manifest.devDependencies["cdktf-cli"];
  writeFileSync(join(example, "package.json"), JSON.stringify(manifest));
  run(example, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts");
  check("one copy of cdktf is installed", copies(join(example, "node_modules"), "cdktf") === 1);

  const exported = run(example, process.execPath, "--eval", IMPORT_EVERYTHING);
  check(`every export can be imported: ${exported.trim()}`, /^\d+ constructs$/.test(exported.trim()));

  run(example, "npm", "run", "--silent", "synth");
  const stack = JSON.parse(readFileSync(join(example, "cdktf.out/stacks/campus/cdk.tf.json"), "utf8"));
  check("the example has a read replica", Object.keys(stack.resource.aws_db_instance).length === 2);
  const releases = Object.values<{ chart: string }>(stack.resource.helm_release);
  const local = releases.filter(({ chart }) => chart.startsWith("./"));
  check(
    "the example's charts come out of the package",
    local.length > 0 && local.every(({ chart }) => isChart(join(example, "cdktf.out/stacks/campus", chart))),
  );
  checkTemplate(example);
}

/** A project as `cdktf init --template=typescript` makes it resolves modules as TypeScript did before packages had exports. */
function checkTemplate(folder: string): void {
  cpSync(join(root, "node_modules/@cdktf/cli-core/templates/typescript/tsconfig.json"), join(folder, "tsconfig.json"));
  run(folder, "npm", "install", "--no-save", "--prefer-offline", "--no-audit", "--no-fund", TYPESCRIPT_5);
  run(folder, "npx", "--no-install", "tsc", "--noEmit", "--lib", "es2022");
  check("cdktf's template finds the types of the example", true);
}

const TYPESCRIPT_5 = "typescript@5.9.3";

const IMPORT_EVERYTHING = `
  const { Construct } = require("constructs");
  const modules = ["moodle-platform", "moodle-platform/aws", "moodle-platform/google"].map((name) => require(name));
  const constructs = modules.flatMap(Object.values).filter((value) => value?.prototype instanceof Construct);
  console.log(constructs.length + " constructs");
`;

function isChart(path: string): boolean {
  return readdirSync(path).includes("Chart.yaml");
}

function copies(modules: string, name: string): number {
  return readdirSync(modules, { recursive: true, encoding: "utf8" }).filter((path) =>
    new RegExp(`(^|node_modules/)${name}/package\\.json$`).test(path),
  ).length;
}

const folder = mkdtempSync(join(tmpdir(), "moodle-platform-package-"));
try {
  testPackage(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
