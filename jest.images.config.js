/** What the images run, with PHP, nginx, Python and databases of the system. */

/** @type {import("jest").Config} */
module.exports = {
  ...require("./jest.config"),
  testMatch: ["**/__tests__/images/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 60_000,
  // Tests wait more than they compute.
  maxWorkers: 4,
};
