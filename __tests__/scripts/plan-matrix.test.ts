import { loadEnvironments } from "../../environments/load";
import { staging } from "../../examples/aws/staging";
import { staging as googleStaging } from "../../examples/google/staging";
import { planMatrix } from "../../scripts/plan-matrix";

test("names each stack of an environment with the identity that may plan it", () => {
  const { include } = planMatrix(loadEnvironments([staging, { ...googleStaging, name: "elsewhere" }]));
  expect(include.map(({ stack }) => stack)).toEqual([
    "bootstrap-staging",
    "staging",
    "bootstrap-elsewhere",
    "elsewhere",
  ]);
  expect(include[1]).toEqual({
    stack: "staging",
    cloud: "aws",
    region: "eu-central-1",
    role: "arn:aws:iam::111122223333:role/moodle-staging-plan",
  });
  expect(include[3]).toEqual({
    stack: "elsewhere",
    cloud: "google",
    region: "europe-west3",
    identityProvider: "projects/123456789012/locations/global/workloadIdentityPools/moodle-elsewhere/providers/github",
    serviceAccount: "moodle-elsewhere-plan@example-moodle-staging.iam.gserviceaccount.com",
  });
});

test("leaves out an environment without continuous integration", () => {
  const { include } = planMatrix(loadEnvironments([{ ...googleStaging, ci: undefined }]));
  expect(include).toEqual([]);
});
