/** `moodle-platform/core`: what a stack of one's own needs beside constructs. */
export * from "./chart-release";
export * from "./component-tags";
export { ConfigurationError, type Fault } from "./errors";
export type { Protection } from "./protection";
export * from "./providers";
