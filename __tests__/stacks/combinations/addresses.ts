/**
 * Resource addresses are a public contract: whoever has deployed holds them in a state, and an address that vanishes is
 * a resource destroyed. The committed lists are in `addresses/`; `npm run addresses` rewrites them.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud, Combinations } from "../../support/stacks";
import type { Resource, Template } from "../../support/template";

const folder = join(__dirname, "addresses");

export function addresses(cloud: Cloud, all: Combinations): void {
  const find = (combination: string) => {
    const found = all().find(({ name }) => name === combination);
    if (found === undefined) throw new Error(`there is no combination ${combination}`);
    return found;
  };

  describe("no address vanishes unless a moved block says where it went, and none appears unrecorded", () => {
    test.each([
      ["staging", "disposable"],
      ["production", "protected"],
    ])("%s", (base, protection) => {
      const { environment, bootstrap } = find(`${base}-${cloud}-postgresql-${protection}`);
      expectRecorded(`${cloud}-${base}`, environment);
      expectRecorded(`${cloud}-bootstrap-${base}`, bootstrap);
    });

    if (cloud === "aws")
      test.each([
        ["with CloudFront", "cdn", "cdn"],
        ["whose controller ends TLS", "nlb", "nlb-traefik"],
      ])("production %s", (_, name, variant) => {
        expectRecorded(`aws-production-${name}`, find(`production-aws-postgresql-protected-${variant}`).environment);
      });
  });
}

function expectRecorded(name: string, template: Template): void {
  const file = join(folder, `${name}.txt`);
  const now = template.addresses().sort();
  if (process.env.UPDATE_ADDRESSES === "1") {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${now.join("\n")}\n`);
  }
  const recorded = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  const moved = ((template.json.moved as Resource[] | undefined) ?? []).map(({ from }) => from);
  expect(recorded.filter((one) => !now.includes(one) && !moved.includes(one))).toEqual([]);
  expect(now.filter((one) => !recorded.includes(one))).toEqual([]);
}
