/** One test cluster for all files: each keeps to namespaces of its own. */
const unit = require("./jest.config.js");

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/__tests__/e2e"],
  testMatch: ["**/*.e2e.ts"],
  modulePathIgnorePatterns: unit.modulePathIgnorePatterns,
  transform: unit.transform,
  globalSetup: "<rootDir>/__tests__/e2e/support/start.ts",
  globalTeardown: "<rootDir>/__tests__/e2e/support/stop.ts",
  testTimeout: 180_000,
  // Tests wait more than they compute.
  maxWorkers: 5,
};
