import type { App } from "cdktf";
import type { Environment } from "../environments/defaults";

/**
 * The two stacks of an environment: `<name>`, and `bootstrap-<name>` for what precedes and outlives it.
 * A cloud's provider bindings are loaded only where an environment is on that cloud.
 */
export async function addStacks(app: App, environment: Environment): Promise<void> {
  if (environment.cloud === "aws") {
    const { AwsBootstrapStack } = await import("./aws-bootstrap.js");
    const { AwsEnvironmentStack } = await import("./aws-environment.js");
    new AwsBootstrapStack(app, `bootstrap-${environment.name}`, environment);
    new AwsEnvironmentStack(app, environment.name, environment);
  } else {
    const { GoogleBootstrapStack } = await import("./google-bootstrap.js");
    const { GoogleEnvironmentStack } = await import("./google-environment.js");
    new GoogleBootstrapStack(app, `bootstrap-${environment.name}`, environment);
    new GoogleEnvironmentStack(app, environment.name, environment);
  }
}
