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
  database: { engine: "postgresql", tier: "db-custom-4-15360", readReplicas: 1 },
  cluster: { nodes: { cpuLimit: 128, memoryLimitGb: 512 } },
  moodle: {
    siteName: "Example University",
    adminEmail: "moodle@example.edu",
    web: { minReplicas: 3, maxReplicas: 20 },
  },
  ci: { githubRepository: "example-university/moodle-platform" },
  budget: { billingAccount: "012345-6789AB-CDEF01", monthlyAmount: 4000, email: "learning-platform@example.edu" },
});
