/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  maxWorkers: "100%",
  roots: ["<rootDir>/__tests__"],
  testMatch: ["**/*.test.ts"],
  testPathIgnorePatterns: [
    "/node_modules/",
    "/__tests__/backup/",
    "/__tests__/e2e/",
    "/__tests__/images/",
    "/__tests__/program/",
    "/__tests__/servers/",
    "/__tests__/services/",
    "/__tests__/site/",
    "/__tests__/stacks/combinations/",
    "\\.property\\.test\\.ts$",
  ],
  modulePathIgnorePatterns: ["<rootDir>/dist/", "<rootDir>/cdktf.out/"],
  // TypeScript wants the extension in import(), which only the compiled file has.
  moduleNameMapper: {
    "^(\\.{1,2}/.*)\\.js$": "$1",
    "^@moodle-platform/(api|database-roles)$": "<rootDir>/services/$1/src/index.ts",
  },
  runtime: "<rootDir>/__tests__/support/runtime.js",
  globalSetup: "<rootDir>/__tests__/support/temporary-files.ts",
  setupFiles: ["<rootDir>/__tests__/support/setup.ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
};
