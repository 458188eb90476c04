/** Promises that hold in every supported combination of environment, cloud, engine, model and option, and for any figures. */

/** @type {import("jest").Config} */
module.exports = {
  ...require("./jest.config"),
  testMatch: ["**/__tests__/stacks/combinations/*.test.ts", "**/__tests__/environments/**/*.property.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
};
