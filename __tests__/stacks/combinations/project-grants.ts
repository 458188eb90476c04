/** Roles on a Google project: whoever deploys an environment must be allowed to grant those that it grants. */
import type { Combinations } from "../../support/stacks";

export function projectGrants(all: Combinations): void {
  test("the deployer may grant every role that an environment grants on its project", () => {
    const deployed = all().filter(({ input }) => input.ci !== undefined);
    for (const { name, environment, bootstrap } of deployed) {
      const conditions = bootstrap
        .resources("google_project_iam_member")
        .map(({ condition }) => condition?.expression ?? condition?.[0]?.expression ?? "")
        .filter((expression) => expression.includes("modifiedGrantsByRole"));
      expect(conditions).not.toEqual([]);
      const granted = environment.resources("google_project_iam_member").map(({ role }) => role);
      expect(granted).not.toEqual([]);
      const missing = granted.filter(
        (role) => !conditions.some((expression) => expression.includes(JSON.stringify(role))),
      );
      expect({ name, missing }).toEqual({ name, missing: [] });
    }
  });
}
