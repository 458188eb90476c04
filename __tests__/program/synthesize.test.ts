import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AwsEnvironment, Environment } from "../../environments/defaults";
import { loadEnvironments } from "../../environments/load";
import { production } from "../../examples/aws/production";
import { staging } from "../../examples/google/staging";
import { synthesize } from "../../stacks/synthesize";

const [first, second] = loadEnvironments([staging, production]) as [Environment, AwsEnvironment];
/** The schema lets no such range pass; the network's own construct refuses it, after all of staging has been made. */
const refused: AwsEnvironment = { ...second, network: { ...second.network, cidr: "10.20.0.0/28" } };

let parent: string;
let outdir: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "synthesize-"));
  outdir = join(parent, "cdktf.out");
});
afterEach(() => rmSync(parent, { recursive: true }));

test("writes nothing where the last stack cannot be made", async () => {
  await expect(synthesize([first, refused], outdir)).rejects.toThrow("network.cidr");
  expect(readdirSync(parent)).toEqual([]);
});

test("leaves what an earlier run wrote where a stack cannot be made", async () => {
  mkdirSync(outdir);
  writeFileSync(join(outdir, "manifest.json"), "earlier");
  await expect(synthesize([first, refused], outdir)).rejects.toThrow("network.cidr");
  expect(readFileSync(join(outdir, "manifest.json"), "utf8")).toBe("earlier");
  expect(readdirSync(parent)).toEqual(["cdktf.out"]);
});

test("keeps what Terraform has put beside a stack's JSON", async () => {
  const stack = join(outdir, "stacks", "staging");
  mkdirSync(stack, { recursive: true });
  writeFileSync(join(stack, ".terraform.lock.hcl"), "lock");
  await synthesize([first], outdir);
  expect(readFileSync(join(stack, ".terraform.lock.hcl"), "utf8")).toBe("lock");
  expect(readdirSync(stack)).toContain("cdk.tf.json");
});

test("leaves one version of each chart", async () => {
  const charts = () =>
    readdirSync(join(outdir, "stacks", "staging", "assets"), { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith("Chart.yaml"),
    );
  await synthesize([first], outdir);
  const before = charts();
  expect(before.length).toBeGreaterThan(0);
  mkdirSync(join(outdir, "stacks/staging/assets/old/0123"), { recursive: true });
  writeFileSync(join(outdir, "stacks/staging/assets/old/0123/Chart.yaml"), "");
  await synthesize([first], outdir);
  expect(charts()).toEqual(before);
});
