import { defineEnvironment } from "../../environments/load";

/** `environments/production.ts` on AWS: highly available, backed up, and protected against being destroyed. */
export const production = defineEnvironment({
  name: "production",
  cloud: "aws",
  protection: "protected",
  owner: "learning-platform",
  account: "444455556666",
  region: "eu-central-1",
  domain: "moodle.example.edu",
  hostedZone: { id: "Z0987654321ABCDEFGHIJ", name: "example.edu" },
  sizing: { concurrentStudents: 2000 },
  database: { engine: "postgresql", readReplicas: 1 },
  moodle: { siteName: "Example University", adminEmail: "moodle@example.edu" },
  ci: { githubRepository: "example-university/moodle-platform", runner: true },
  monitoring: { alerts: { email: "learning-platform@example.edu" } },
  budget: { monthlyUsd: 4000, email: "learning-platform@example.edu" },
});
