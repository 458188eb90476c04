import { defineEnvironment } from "../../environments/load";

/** `environments/staging.ts` on AWS: small, and gone without a trace when destroyed. */
export const staging = defineEnvironment({
  name: "staging",
  cloud: "aws",
  protection: "disposable",
  owner: "learning-platform",
  account: "111122223333",
  region: "eu-central-1",
  domain: "moodle.staging.example.edu",
  hostedZone: { id: "Z0123456789ABCDEFGHIJ", name: "staging.example.edu" },
  cluster: { publicAccessCidrs: ["203.0.113.0/24"] },
  database: { engine: "postgresql", storageGb: 20, maxStorageGb: 100 },
  moodle: { siteName: "Example University (staging)", adminEmail: "moodle@example.edu" },
  ci: { githubRepository: "example-university/moodle-platform" },
});
