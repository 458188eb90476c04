/**
 * `npm run --silent plan-matrix`: the stacks that a workflow can plan, each with the identity that may, as one line of
 * JSON for the `strategy.matrix` of a job. An environment without `ci` has no such identity and is left out.
 */
import { environments } from "../environments";
import type { Environment } from "../environments/defaults";
import { loadEnvironments } from "../environments/load";
import { awsNames } from "../stacks/aws-names";
import { googleNames } from "../stacks/google-names";

type PlanJob = { readonly stack: string; readonly region: string } & (
  | { readonly cloud: "aws"; readonly role: string }
  | { readonly cloud: "google"; readonly identityProvider: string; readonly serviceAccount: string }
);

export function planMatrix(all: readonly Environment[]): { include: PlanJob[] } {
  return {
    include: all
      .filter(({ ci }) => ci !== undefined)
      .flatMap((environment) =>
        [`bootstrap-${environment.name}`, environment.name].map((stack) => planJob(stack, environment)),
      ),
  };
}

function planJob(stack: string, environment: Environment): PlanJob {
  const { region } = environment;
  if (environment.cloud === "aws") return { stack, region, cloud: "aws", role: awsNames(environment).planRoleArn };
  const { identityProvider, plannerEmail } = googleNames(environment);
  return { stack, region, cloud: "google", identityProvider, serviceAccount: plannerEmail };
}

if (require.main === module) console.log(JSON.stringify(planMatrix(loadEnvironments(environments, process.env))));
