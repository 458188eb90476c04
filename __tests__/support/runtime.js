const { createRequire } = require("node:module");
const { default: Runtime } = require("jest-runtime");

/** What is loaded once in a worker rather than once in each test file, where it costs more than most files' tests. */
const shared = /^(cdktf|constructs|fast-check|netmask|yaml|zod)$|^@cdktf\/provider-/;

// cdktf records every frame of the stack at the birth of every token: a fifth of the suite's time, for no test.
Error.captureStackTrace = () => undefined;

/** Jest's own loader but for what is shared. */
module.exports = class extends Runtime {
  requireModuleOrMock(from, name) {
    return shared.test(name) ? createRequire(from)(name) : super.requireModuleOrMock(from, name);
  }
};
