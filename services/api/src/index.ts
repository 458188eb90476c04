/** The custom resources of moodleplatform.io: the one source of their schemas, types and definitions. */
export * from "./definition";
export type { Rule } from "./fields";
export * from "./group";
export * from "./moodle-backup";
export * from "./moodle-cluster";
export * from "./moodle-scale-policy";
export type * from "./resource";
export type { Condition, ReleaseStatus } from "./status";
export * from "./structural";

import { MOODLE_BACKUP } from "./moodle-backup";
import { MOODLE_CLUSTER } from "./moodle-cluster";
import { MOODLE_SCALE_POLICY } from "./moodle-scale-policy";
import type { ResourceDefinition } from "./resource";

/** Every resource of the group. */
export const RESOURCES: readonly ResourceDefinition[] = [MOODLE_CLUSTER, MOODLE_BACKUP, MOODLE_SCALE_POLICY];
