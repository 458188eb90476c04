/**
 * For `npm run bench`: writes the resources of a synthesized program once more, by the bindings alone, their attributes as
 * they stand in its JSON. No environment is read, nothing is checked or computed and no attribute is a token: a program on
 * cdktf with these resources costs no less.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { App, type TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { PlatformStack } from "../stacks/platform-stack";
import { asShortRun } from "../stacks/short-run";

type Attributes = Readonly<Record<string, unknown>>;
type Binding = new (scope: Construct, id: string, config: Attributes) => TerraformResource;

/** Resources by type and name, as a stack's JSON has them, without what cdktf notes about itself. */
export function resourcesOf(outdir: string, stack: string): Record<string, Record<string, Attributes>> {
  const text = readFileSync(join(outdir, "stacks", stack, "cdk.tf.json"), "utf8");
  return JSON.parse(text, (key, value) => (key === "//" ? undefined : value)).resource;
}

function bindingOf(type: string): Binding {
  const [provider = "", ...name] = type.split("_");
  const bindings: Record<string, Binding & { tfResourceType?: string }> = require(
    `@cdktf/provider-${provider}/lib/${name.join("-")}`,
  );
  return Object.values(bindings).find(({ tfResourceType }) => tfResourceType === type) as Binding;
}

/** The bindings' spelling of attributes, but for maps and for `statement`, which they pass on as it is. */
function camelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
      key === "tags" || key === "statement" ? child : camelCase(child),
    ]),
  );
}

async function main(source: string, outdir: string): Promise<void> {
  await asShortRun(async () => {
    const app = new App({ outdir, skipValidation: true });
    for (const name of readdirSync(join(source, "stacks"))) {
      const stack = new (class extends PlatformStack {})(app, name);
      for (const [type, resources] of Object.entries(resourcesOf(source, name))) {
        const Resource = bindingOf(type);
        for (const [id, { depends_on, provider, ...attributes }] of Object.entries(resources)) {
          const config = camelCase(attributes) as Attributes;
          const dependsOn = (depends_on as string[] | undefined)?.map((fqn) => ({ fqn }));
          new Resource(stack, `${type}.${id}`, {
            ...config,
            dependsOn,
            provider: provider && { fqn: provider },
          }).overrideLogicalId(id);
        }
      }
    }
    app.synth();
  });
}

if (require.main === module) {
  const [source = "", outdir = ""] = process.argv.slice(2);
  main(source, outdir).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
