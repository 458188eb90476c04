/** Tests of a real Moodle, by MOODLE_SRC, on a host with PHP, nginx, databases, Redis and Chromium. */
const unit = require("./jest.config.js");

/** @type {import("jest").Config} */
module.exports = {
  ...unit,
  testMatch: ["**/__tests__/site/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  globalSetup: "<rootDir>/__tests__/site/support/start.ts",
  globalTeardown: "<rootDir>/__tests__/site/support/stop.ts",
  testTimeout: 300_000,
  // All files share the sites, and some of them stop what the others need.
  maxWorkers: 1,
};
