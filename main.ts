import { App } from "cdktf";
import { environments } from "./environments";
import { loadEnvironments } from "./environments/load";
import { addStacks } from "./stacks";

async function main(): Promise<void> {
  const checked = loadEnvironments(environments, process.env);
  const app = new App();
  for (const environment of checked) await addStacks(app, environment);
  app.synth();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error && error.name === "ConfigurationError" ? error.message : error);
  process.exitCode = 1;
});
