/**
 * Resource addresses are a public contract: whoever has deployed holds them in a state, and an address that vanishes is
 * a resource destroyed. The committed lists are in `addresses/`; `npm run addresses` rewrites them.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { App, type TerraformStack } from "cdktf";
import { loadEnvironments } from "../../environments/load";
import { production } from "../../examples/aws/production";
import { staging } from "../../examples/aws/staging";
import { production as googleProduction } from "../../examples/google/production";
import { staging as googleStaging } from "../../examples/google/staging";
import { addStacks } from "../../stacks";
import { type Resource, Template } from "../support/template";

const folder = join(__dirname, "addresses");

async function templates(): Promise<[string, Template][]> {
  const found: [string, Template][] = [];
  for (const input of [staging, production, googleStaging, googleProduction]) {
    const app = new App({ stackTraces: false });
    const [environment] = loadEnvironments([input]);
    if (environment === undefined) continue;
    await addStacks(app, environment);
    for (const stack of app.node.children as TerraformStack[]) {
      found.push([`${input.cloud}-${stack.node.id}`, Template.of(stack)]);
    }
  }
  return found;
}

test("no address vanishes unless a moved block says where it went, and none appears unrecorded", async () => {
  for (const [name, template] of await templates()) {
    const file = join(folder, `${name}.txt`);
    const now = template.addresses().sort();
    if (process.env.UPDATE_ADDRESSES === "1") {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, `${now.join("\n")}\n`);
    }
    const recorded = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
    const moved = ((template.json.moved as Resource[] | undefined) ?? []).map(({ from }) => from);
    expect({ name, vanished: recorded.filter((one) => !now.includes(one) && !moved.includes(one)) }).toEqual({
      name,
      vanished: [],
    });
    expect({ name, unrecorded: now.filter((one) => !recorded.includes(one)) }).toEqual({ name, unrecorded: [] });
  }
});
