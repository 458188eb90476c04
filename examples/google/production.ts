import { defineEnvironment } from "../../environments/load";

/** `environments/production.ts` on Google Cloud. */
export const production = defineEnvironment({
  name: "production",
  cloud: "google",
  protection: "protected",
  owner: "learning-platform",
  project: "example-moodle-production",
  projectNumber: "210987654321",
  region: "europe-west3",
  domain: "moodle.example.edu",
  managedZone: { name: "example-edu", dnsName: "example.edu" },
  sizing: { concurrentStudents: 2000 },
  database: { engine: "postgresql", readReplicas: 1 },
  moodle: { siteName: "Example University", adminEmail: "moodle@example.edu", mail: { host: "smtp.example.edu" } },
  ci: { githubRepository: "example-university/moodle-platform" },
  monitoring: { alerts: { email: "learning-platform@example.edu" } },
  budget: { billingAccount: "012345-6789AB-CDEF01", monthlyAmount: 4000, email: "learning-platform@example.edu" },
});
