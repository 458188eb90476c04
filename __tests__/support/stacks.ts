import type { TerraformStack } from "cdktf";
import { App, Testing } from "cdktf";
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
  // cdktf notes every frame at the birth of every token: half of the time under jest's deep stacks.
  const captureStackTrace = jest.spyOn(Error, "captureStackTrace").mockImplementation(() => undefined);
  const synthesized: SynthesizedCombination[] = [];
  for (const combination of combinations().filter(isChosen)) {
    const [environment] = loadEnvironments([combination.input]);
    if (environment === undefined) throw new Error(`${combination.name} has no environment`);
    const app = Testing.stubVersion(new App({ stackTraces: false }));
    await addStacks(app, environment);
    const stack = (id: string) => Template.of(app.node.findChild(id) as TerraformStack);
    synthesized.push({
      ...combination,
      environment: stack(environment.name),
      bootstrap: stack(`bootstrap-${environment.name}`),
    });
  }
  captureStackTrace.mockRestore();
  return synthesized;
}
