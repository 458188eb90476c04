/** Promises that hold in every supported combination of environment, cloud, engine, model and option: each is synthesized. */

/** @type {import("jest").Config} */
module.exports = {
  ...require("./jest.config"),
  testMatch: ["**/__tests__/stacks/combinations/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
};
