import { ProjectIamCustomRole } from "@cdktf/provider-google/lib/project-iam-custom-role";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

/** What a role is for; the last part of its id. */
export type CustomRole = keyof typeof ROLES;

export interface CustomRolesProps {
  readonly project: string;
  /** First part of the roles' ids: letters, digits, underscores and dots, such as `moodle_staging`. */
  readonly prefix: string;
  /** What must exist first: the project's services. */
  readonly dependsOn: readonly ITerraformDependable[];
}

const ROLES = {
  database_users: {
    title: "Moodle database users",
    description: "Makes users of a Cloud SQL instance and sets their passwords",
    permissions: [
      "cloudsql.instances.get",
      "cloudsql.users.create",
      "cloudsql.users.get",
      "cloudsql.users.list",
      "cloudsql.users.update",
    ],
  },
  database_backups: {
    title: "Moodle database backups",
    description: "Makes backups of a Cloud SQL instance, and deletes them",
    permissions: [
      "cloudsql.backupRuns.create",
      "cloudsql.backupRuns.delete",
      "cloudsql.backupRuns.get",
      "cloudsql.backupRuns.list",
    ],
  },
  backup_writer: {
    title: "Moodle backup writer",
    description: "Writes backups and locks them; may neither shorten a lock nor delete or replace an object",
    permissions: [
      "storage.buckets.get",
      "storage.multipartUploads.abort",
      "storage.multipartUploads.create",
      "storage.multipartUploads.list",
      "storage.multipartUploads.listParts",
      "storage.objects.create",
      "storage.objects.get",
      "storage.objects.list",
      "storage.objects.setRetention",
      "storage.objects.update",
    ],
  },
  backup_remover: {
    title: "Moodle backup remover",
    description: "Deletes and, together with the writer, replaces objects that are not locked",
    permissions: ["storage.objects.delete"],
  },
  planner: {
    title: "Moodle planner",
    description: "What a plan reads beyond Google's viewer roles",
    permissions: [
      "container.clusters.connect",
      "container.configMaps.get",
      "container.configMaps.list",
      "container.namespaces.get",
      "container.namespaces.list",
      "container.networkPolicies.get",
      "container.persistentVolumes.get",
      "redis.instances.getAuthString",
      "storage.buckets.get",
      "storage.hmacKeys.get",
    ],
  },
} as const;

/**
 * Roles for what Google's own ones would allow together with too much. The id of a deleted role stays taken for weeks:
 * they belong in a stack that outlives the environments.
 * Source: https://cloud.google.com/iam/docs/creating-custom-roles#deleting-custom-role
 */
export class CustomRoles extends Construct {
  private readonly roles: Readonly<Record<CustomRole, ProjectIamCustomRole>>;

  constructor(scope: Construct, id: string, props: CustomRolesProps) {
    super(scope, id);
    const entries = Object.entries(ROLES).map(([use, { title, description, permissions }]) => [
      use,
      new ProjectIamCustomRole(this, use.replaceAll("_", "-"), {
        project: props.project,
        roleId: `${props.prefix}_${use}`,
        title,
        description,
        permissions: [...permissions],
        stage: "GA",
        lifecycle: { preventDestroy: true },
        dependsOn: [...props.dependsOn],
      }),
    ]);
    this.roles = Object.fromEntries(entries) as Record<CustomRole, ProjectIamCustomRole>;
  }

  /** Full name of a role: `projects/P/roles/ID`. */
  name(role: CustomRole): string {
    return this.roles[role].name;
  }
}
