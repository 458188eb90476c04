/** The parts of the services, with nothing started but themselves. */

/** @type {import("jest").Config} */
module.exports = {
  ...require("./jest.config"),
  testMatch: ["**/__tests__/services/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 20_000,
};
