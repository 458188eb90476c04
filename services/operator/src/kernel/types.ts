import type {
  MoodleBackupSpec,
  MoodleBackupStatus,
  MoodleClusterSpec,
  MoodleClusterStatus,
  MoodleScalePolicySpec,
  MoodleScalePolicyStatus,
} from "@moodle-platform/api";
import { API_VERSION, MOODLE_BACKUP, MOODLE_CLUSTER, MOODLE_SCALE_POLICY } from "@moodle-platform/api";
import type { ResourceType } from "../api-server/object";
import type { CustomResource } from "./status";

const typeOf = ({ kind, plural }: { readonly kind: string; readonly plural: string }): ResourceType => ({
  apiVersion: API_VERSION,
  kind,
  plural,
});

export const CLUSTER = typeOf(MOODLE_CLUSTER);
export const BACKUP = typeOf(MOODLE_BACKUP);
export const POLICY = typeOf(MOODLE_SCALE_POLICY);

export type MoodleCluster = CustomResource<MoodleClusterSpec, MoodleClusterStatus>;
export type MoodleBackup = CustomResource<MoodleBackupSpec, MoodleBackupStatus>;
export type MoodleScalePolicy = CustomResource<MoodleScalePolicySpec, MoodleScalePolicyStatus>;
