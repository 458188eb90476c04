import { CustomRoles } from "../../../constructs/google/custom-roles";
import { Template } from "../../support/template";

describe("CustomRoles", () => {
  const template = Template.from((scope) => {
    new CustomRoles(scope, "roles", { project: "example-moodle", prefix: "moodle_staging", dependsOn: [] });
  });
  const permissions = (use: string): string[] =>
    template.only("google_project_iam_custom_role", { role_id: `moodle_staging_${use}` }).permissions;

  test("have ids that IAM accepts, and are kept from destroy", () => {
    for (const { role_id, lifecycle } of template.resources("google_project_iam_custom_role")) {
      expect(role_id).toMatch(/^[a-zA-Z0-9_.]{3,64}$/);
      expect(lifecycle.prevent_destroy).toBe(true);
    }
  });

  test("who makes database users cannot delete one, nor touch the instance", () => {
    expect(permissions("database_users").filter((one) => /delete|instances\.(?!get)/.test(one))).toEqual([]);
  });

  test("who writes backups can lock objects, and cannot shorten a lock", () => {
    expect(permissions("backup_writer")).toContain("storage.objects.setRetention");
    expect(permissions("backup_writer")).not.toContain("storage.objects.overrideUnlockedRetention");
  });

  test("who plans changes nothing, and reads no Kubernetes secret", () => {
    for (const permission of permissions("planner")) {
      expect(permission).toMatch(/\.(get|list|connect|getAuthString)$/);
      expect(permission).not.toMatch(/secrets/i);
    }
  });
});
