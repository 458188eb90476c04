/** Tests of the program as its users start it: `npm start`, `npx cdktf`. */

/** @type {import("jest").Config} */
module.exports = {
  ...require("./jest.config"),
  testMatch: ["**/__tests__/program/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 120_000,
};
