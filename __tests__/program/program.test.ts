import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { ProgramCopy } from "./copy";

const STACKS = ["bootstrap-production", "bootstrap-staging", "production", "staging"];
const WRONG = { MOODLE_PLATFORM__STAGING__REGION: "mars" };

const START: [string, string[]] = ["npm", ["start"]];
const SYNTH: [string, string[]] = ["npx", ["cdktf", "synth"]];

let program: ProgramCopy;
beforeAll(() => {
  program = new ProgramCopy();
  for (const name of ["staging", "production"]) fillIn(name, "aws");
});
afterAll(() => program.remove());

/** The environment file, as the page of a cloud has it filled in. */
function fillIn(name: string, cloud: "aws" | "google"): void {
  const example = readFileSync(program.path("examples", cloud, `${name}.ts`), "utf8");
  writeFileSync(program.path("environments", `${name}.ts`), example.replace("../../environments/load", "./load"));
}

/** Every file that synthesis wrote, with its time and content. */
function written(): Record<string, string> {
  const folder = program.path("cdktf.out");
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((path) => [path, statSync(`${folder}/${path}`)] as const)
      .filter(([, stat]) => stat.isFile())
      .map(([path, stat]) => [path, `${stat.mtimeMs} ${readFileSync(`${folder}/${path}`, "utf8")}`]),
  );
}

function stack(name: string): string {
  return readFileSync(program.path("cdktf.out", "stacks", name, "cdk.tf.json"), "utf8");
}

test("npm start writes every stack and sums it up", () => {
  const { status, output } = program.run(...START);
  expect(status).toBe(0);
  expect(readdirSync(program.path("cdktf.out/stacks")).sort()).toEqual(STACKS);
  for (const name of STACKS) expect(output).toContain(`npx cdktf deploy ${name}`);
});

test("an empty CDKTF_OUTDIR names no folder", () => {
  const { status, output } = program.run(...START, { CDKTF_OUTDIR: "" });
  expect([status, output]).toEqual([0, expect.stringContaining("npx cdktf deploy staging")]);
  expect(existsSync(program.path("manifest.json"))).toBe(false);
});

test("npx cdktf synth writes the same, without the summary", () => {
  const before = STACKS.map(stack);
  rmSync(program.path("cdktf.out"), { recursive: true });
  const { status, output } = program.run(...SYNTH);
  expect(status).toBe(0);
  expect(output).not.toContain("npx cdktf deploy");
  expect(STACKS.map(stack)).toEqual(before);
});

test("npx cdktf list names the four stacks", () => {
  const { status, output } = program.run("npx", ["cdktf", "list"]);
  expect(status).toBe(0);
  for (const name of STACKS) expect(output).toMatch(new RegExp(`^\\W*${name}\\s`, "m"));
});

test.each([START, SYNTH])(
  "%s %j refuses a wrong environment and leaves the earlier output as it was",
  (command, args) => {
    const before = written();
    const { status, output } = program.run(command, args, WRONG);
    expect(status).toBe(1);
    expect(output).toContain("staging.region");
    expect(output).toContain("the variable MOODLE_PLATFORM__STAGING__REGION");
    expect(output).not.toContain("    at ");
    expect(written()).toEqual(before);
  },
);

test.each([START, SYNTH])("%s %j stops at a type error and runs nothing", (command, args) => {
  const file = program.path("environments/staging.ts");
  const source = readFileSync(file, "utf8");
  const before = written();
  writeFileSync(file, source.replace(/region: ".*"/, "region: 1"));
  const { status, output } = program.run(command, args);
  writeFileSync(file, source);
  expect(status).not.toBe(0);
  const places = [...output.matchAll(/(\S+)\(\d+,\d+\): error TS/g)].map(([, place]) => place);
  expect(new Set(places)).toEqual(new Set(["environments/staging.ts"]));
  expect(written()).toEqual(before);
});

test("a field can be set from the outside", () => {
  const { status } = program.run(...START, { MOODLE_PLATFORM__STAGING__DOMAIN: "lms.staging.example.edu" });
  expect(status).toBe(0);
  expect(stack("staging")).toContain("lms.staging.example.edu");
});

test("an environment moves to Google Cloud by its example", () => {
  fillIn("staging", "google");
  const { status, output } = program.run(...START);
  expect(status).toBe(0);
  expect(output).toContain("staging: Google Cloud project example-moodle-staging");
  expect(stack("staging")).toContain('"google_container_cluster"');
});
