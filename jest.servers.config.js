/** Tests against real PostgreSQL and MariaDB servers, which they start themselves. */

/** @type {import("jest").Config} */
module.exports = {
  ...require("./jest.config"),
  testMatch: ["**/__tests__/servers/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 120_000,
  // Each file starts servers of its own.
  maxWorkers: 2,
};
