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
  ["a file system below the least size", { files: { capacityGb: 1023 } }, "files.capacityGb"],
  [
    "a tier of replicas where there are none",
    { database: { ...production.database, readReplicas: 0, replicaTier: "db-custom-20-76800" } },
    "database.replicaTier",
  ],
  ["a size between the steps of a regional file system", { files: { capacityGb: 1465 } }, "files.capacityGb"],
  ["one between those of a zonal one", { files: { tier: "ZONAL", capacityGb: 11264 } }, "files.capacityGb"],
  [
    "a basic file system above its largest size",
    { files: { tier: "BASIC_HDD", capacityGb: 65434 } },
    "files.capacityGb",
  ],
  ["a range too small for a regional file system", { network: { filesCidr: "10.37.1.0/29" } }, "network.filesCidr"],
  [
    "a file system of models between the steps",
    { files: { tier: "ZONAL", modelsCapacityGb: 1500 } },
    "files.modelsCapacityGb",
  ],
  ["a range too small for that of models", { network: { modelsCidr: "10.37.1.64/29" } }, "network.modelsCidr"],
  ["a range that Memorystore does not take", { network: { cacheCidr: "10.38.0.0/28" } }, "network.cacheCidr"],
])("refuses %s", (_, change, field) => {
  expect(faultsOf({ ...production, ...change })).toEqual([`production.${field}`]);
});

test.each([
  ["europe-west3", "abc"],
  ["europe-west1", "bcd"],
  ["us-east1", "bcd"],
])("by itself, a site in %s is in zones that there are", (region, letters) => {
  const [environment] = loadEnvironments([{ ...production, region }]);
  expect(environment?.zones).toEqual(Array.from(letters, (letter) => `${region}-${letter}`));
});

test("refuses zones of a region whose name only begins as the site's", () => {
  const zones = ["a", "b", "c"].map((letter) => `europe-west12-${letter}`);
  expect(faultsOf({ ...production, region: "europe-west1", zones })).toEqual(["production.zones"]);
});

const replicas = { ...production.database, readReplicas: 1 };

test.each([
  ["fewer processors", { ...replicas, tier: "db-custom-8-30720", replicaTier: "db-custom-6-30720" }],
  ["less memory", { ...replicas, tier: "db-custom-8-30720", replicaTier: "db-custom-8-23040" }],
  ["less than the size needs", { ...replicas, replicaTier: "db-custom-2-7680" }],
  ["a type of another edition", { ...replicas, replicaTier: "db-perf-optimized-N-16" }],
  ["a type that there is not", { ...replicas, replicaTier: "db-custom-9-34560" }],
])("refuses replicas of PostgreSQL with %s", (_, changed) => {
  expect(faultsOf({ ...production, database: changed })).toEqual(["production.database.replicaTier"]);
});

test("takes smaller replicas of MySQL", () => {
  const changed = { engine: "mysql", readReplicas: 1, replicaTier: "db-custom-2-7680" };
  expect(faultsOf({ ...production, database: changed })).toEqual([]);
});

const models = (gpus: number) => ({
  models: [{ name: "bert", version: "v1.0.0", framework: "huggingface", device: "gpu", gpus, maxReplicas: 1 }],
});

test.each([
  ["a number of GPUs that the machine type does not have", { machineType: "g2-standard-24", count: 1 }, {}, "count"],
  ["GPUs in a zone that is not the site's", { zones: ["europe-west3-b", "europe-west4-a"] }, {}, "zones"],
])("refuses %s", (_, gpu, change, field) => {
  expect(faultsOf({ ...production, ...change, cluster: { gpu } })).toEqual([`production.cluster.gpu.${field}`]);
});

test("GPUs may be in some of the zones alone", () => {
  expect(faultsOf({ ...production, cluster: { gpu: { zones: ["europe-west3-a", "europe-west3-b"] } } })).toEqual([]);
});

test.each([
  ["g2-standard-4", undefined, 2, false],
  ["g2-standard-24", undefined, 2, true],
  ["n1-standard-8", undefined, 2, false],
  ["n1-standard-8", 2, 2, true],
  ["a2-highgpu-4g", undefined, 5, false],
])("on %s with count %p, a model with %i GPUs is taken: %p", (machineType, count, gpus, isTaken) => {
  const input = { ...production, cluster: { gpu: { machineType, count } }, inference: models(gpus) };
  expect(faultsOf(input)).toEqual(isTaken ? [] : ["production.inference.models.0.gpus"]);
});

test("a site with a replica grows in two deploys: in the first, replicas are as large as everything will be", () => {
  const sizeOf = (input: object) => {
    const [environment] = loadEnvironments([{ ...production, ...input } as EnvironmentInput]);
    if (environment?.cloud !== "google") throw new Error("not on Google Cloud");
    const { tier, maxConnections, replicaTier, replicaMaxConnections } = environment.database;
    return { primary: [tier, maxConnections], replica: [replicaTier, replicaMaxConnections] };
  };
  const small = ["db-custom-8-30720", 2400];
  const large = ["db-custom-20-76800", 5000];
  const database = { ...replicas, replicaTier: "db-custom-20-76800" };
  const sizing = { concurrentStudents: 5000 };
  expect(sizeOf({})).toEqual({ primary: small, replica: small });
  expect(sizeOf({ database })).toEqual({ primary: small, replica: large });
  expect(sizeOf({ database, sizing })).toEqual({ primary: large, replica: large });
  expect(sizeOf({ sizing })).toEqual({ primary: large, replica: large });
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

test("takes a /29 and any number of GiB for a basic file system", () => {
  expect(faultsOf({ ...staging, files: { capacityGb: 1465 }, network: { filesCidr: "10.37.1.0/29" } })).toEqual([]);
});
