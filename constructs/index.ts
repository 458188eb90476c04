/**
 * The library. `moodle-platform` is what every cloud shares: ports, workloads, and what a stack of one's own needs.
 * `moodle-platform/aws` and `moodle-platform/google` add the constructs of one cloud, and load its bindings alone.
 */
export * from "./core/chart-release";
export * from "./core/component-tags";
export { ConfigurationError, type Fault } from "./core/errors";
export type { Protection } from "./core/protection";
export * from "./core/providers";
export type * from "./ports";
export * from "./versions";
export * from "./workloads";
