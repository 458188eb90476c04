/**
 * `moodle-platform`: the library. `import { aws, workloads } from "moodle-platform"` loads the bindings of every
 * provider; `moodle-platform/aws`, `/google`, `/workloads` and `/core` load their own alone.
 */
export * as aws from "./aws";
export * as core from "./core";
export * as google from "./google";
export type * from "./ports";
export * from "./versions";
export * as workloads from "./workloads";
