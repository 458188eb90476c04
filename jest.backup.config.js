/** The backup service against object stores over HTTP, with faults and kills. They need Go, or the servers in PATH. */

/** @type {import("jest").Config} */
module.exports = {
  ...require("./jest.config"),
  testMatch: ["**/__tests__/backup/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  globalSetup: "<rootDir>/__tests__/backup/support/install.ts",
  testTimeout: 120_000,
  // Each file starts servers of its own.
  maxWorkers: 2,
};
