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

/** Both stacks of every supported combination, or of the chosen ones. */
export async function synthesizeCombinations(
  isChosen: (combination: Combination) => boolean = () => true,
): Promise<SynthesizedCombination[]> {
  const synthesized: SynthesizedCombination[] = [];
  for (const combination of combinations().filter(isChosen)) {
    const [environment] = loadEnvironments([combination.input]);
    if (environment === undefined) throw new Error(`${combination.name} has no environment`);
    const app = Testing.stubVersion(new App({ stackTraces: false }));
    await addStacks(app, environment);
    const stack = (id: string) => Template.of(app.node.findChild(id) as TerraformStack);
    const bootstrap = bootstrapOf(environment, () => stack(`bootstrap-${environment.name}`));
    synthesized.push({
      ...combination,
      environment: stack(environment.name),
      bootstrap,
    });
  }
  return synthesized;
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
