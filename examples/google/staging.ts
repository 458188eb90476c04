import { defineEnvironment } from "../../environments/load";

/** `environments/staging.ts` on Google Cloud. */
export const staging = defineEnvironment({
  name: "staging",
  cloud: "google",
  protection: "disposable",
  owner: "learning-platform",
  project: "example-moodle-staging",
  projectNumber: "123456789012",
  region: "europe-west3",
  domain: "moodle.staging.example.edu",
  managedZone: { name: "staging-example-edu", dnsName: "staging.example.edu" },
  database: { engine: "postgresql", storageGb: 20 },
  moodle: { siteName: "Example University (staging)", adminEmail: "moodle@example.edu" },
  ci: { githubRepository: "example-university/moodle-platform" },
});
