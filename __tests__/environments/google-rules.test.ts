import type { ConfigurationError } from "../../constructs/core/errors";
import { loadEnvironments } from "../../environments/load";
import type { EnvironmentInput } from "../../environments/schema";
import { production } from "../../examples/google/production";
import { staging } from "../../examples/google/staging";

function faultsOf(input: object): string[] {
  try {
    loadEnvironments([input as EnvironmentInput]);
    return [];
  } catch (error) {
    return (error as ConfigurationError).faults.map(({ path }) => path);
  }
}

const database = { ...production.database, backupRetentionDays: 14 };

test.each([
  ["a runner, which Google Cloud does not need", { ci: { ...production.ci, runner: true } }, "ci.runner"],
  ["14 days of recovery with ENTERPRISE", { database }, "database.backupRetentionDays"],
  ["a zonal file system below its least size", { files: { tier: "ZONAL", capacityGb: 512 } }, "files.capacityGb"],
  ["a file system below the least size of all", { files: { capacityGb: 99 } }, "files.capacityGb"],
  ["a range too small for a regional file system", { network: { filesCidr: "10.37.1.0/29" } }, "network.filesCidr"],
  [
    "a zonal file system of models below its least size",
    { files: { tier: "ZONAL", modelsCapacityGb: 512 } },
    "files.modelsCapacityGb",
  ],
  ["a range too small for that of models", { network: { modelsCidr: "10.37.1.64/29" } }, "network.modelsCidr"],
  ["a range that Memorystore does not take", { network: { cacheCidr: "10.38.0.0/28" } }, "network.cacheCidr"],
])("refuses %s", (_, change, field) => {
  expect(faultsOf({ ...production, ...change })).toEqual([`production.${field}`]);
});

test.each([
  [
    "14 days of recovery with ENTERPRISE_PLUS",
    production,
    { ...database, edition: "ENTERPRISE_PLUS", tier: "db-perf-optimized-N-4" },
  ],
  ["7 days of recovery with ENTERPRISE", staging, { ...staging.database, backupRetentionDays: 7 }],
])("takes %s", (_, base, changed) => {
  expect(faultsOf({ ...base, database: changed })).toEqual([]);
});

test("takes a /29 and 100 GiB for a basic file system", () => {
  expect(faultsOf({ ...staging, files: { capacityGb: 100 }, network: { filesCidr: "10.37.1.0/29" } })).toEqual([]);
});
