import type { TerraformStack } from "cdktf";
import { App, Testing } from "cdktf";
import type { Environment } from "../../environments/defaults";
import { loadEnvironments } from "../../environments/load";
import { type Combination, combinations } from "../../environments/matrix";
import { addStacks } from "../../stacks";
import { Template } from "./template";

export interface SynthesizedCombination extends Combination {
  readonly environment: Template;
  readonly bootstrap: Template;
}

export type Cloud = Combination["input"]["cloud"];

/** To be called in tests: what `beforeAll` has synthesized. */
export type Combinations = () => readonly SynthesizedCombination[];

/** Both stacks of every supported combination on a cloud, synthesized once for all tests of a file. */
export function combinationsOn(cloud: Cloud): Combinations {
  const synthesized: SynthesizedCombination[] = [];
  beforeAll(async () => {
    for (const combination of combinations().filter(({ input }) => input.cloud === cloud)) {
      const [environment] = loadEnvironments([combination.input]);
      if (environment === undefined) throw new Error(`${combination.name} has no environment`);
      const app = Testing.stubVersion(new App({ stackTraces: false }));
      await addStacks(app, environment);
      const stack = (id: string) => Template.of(app.node.findChild(id) as TerraformStack);
      const bootstrap = bootstrapOf(environment, () => stack(`bootstrap-${environment.name}`));
      synthesized.push({ ...combination, environment: stack(environment.name), bootstrap });
    }
  }, 300_000);
  return () => synthesized;
}

const bootstraps = new Map<string, Template>();

/** Most choices do not reach the bootstrap stack: it is synthesized once for all combinations that share what does. */
function bootstrapOf(environment: Environment, synthesize: () => Template): Template {
  const { name, cloud, region, owner, protection, ci, state } = environment;
  const key = JSON.stringify([name, cloud, region, owner, protection, ci, state]);
  const template = bootstraps.get(key) ?? synthesize();
  bootstraps.set(key, template);
  return template;
}
