import { CiIdentities, type CiIdentitiesProps } from "../../../constructs/google/ci-identities";
import { Template } from "../../support/template";

const props: CiIdentitiesProps = {
  name: "moodle-staging",
  project: "example-moodle",
  githubRepository: "example-university/moodle-platform",
  githubEnvironment: "staging",
  plannerRole: "projects/example-moodle/roles/moodle_staging_planner",
  grantableRoles: ["roles/container.defaultNodeServiceAccount"],
  dependsOn: [],
};

describe("CiIdentities", () => {
  const template = Template.from((scope) => {
    new CiIdentities(scope, "ci", props);
  });
  const account = (use: string) =>
    Object.keys(template.all("google_service_account")).find((id) => id.startsWith(`ci_${use}`)) ?? "";
  const rolesOf = (use: string): string[] =>
    template
      .resources("google_project_iam_member")
      .filter(({ member }) => member === `\${google_service_account.${account(use)}.member}`)
      .map(({ role }) => role);

  test("trust tokens of the one repository", () => {
    expect(template.only("google_iam_workload_identity_pool_provider")).toMatchObject({
      attribute_condition: 'assertion.repository == "example-university/moodle-platform"',
      oidc: { issuer_uri: "https://token.actions.githubusercontent.com" },
    });
  });

  test("let any workflow of it plan, and only jobs of its environment deploy", () => {
    const memberOf = (use: string) =>
      template.only("google_service_account_iam_member", {
        service_account_id: `\${google_service_account.${account(use)}.name}`,
      }).member;
    expect(memberOf("planner")).toMatch(
      /^principalSet:.*\/attribute\.repository\/example-university\/moodle-platform$/,
    );
    expect(memberOf("deployer")).toMatch(
      /^principal:.*\/subject\/repo:example-university\/moodle-platform:environment:staging$/,
    );
  });

  test("let the planner change nothing and read no secret's value", () => {
    const roles = rolesOf("planner");
    expect(roles.length).toBeGreaterThan(5);
    for (const role of roles.filter((one) => one !== props.plannerRole)) {
      expect(role).toMatch(/iewer$|eader$|securityReviewer$/);
    }
  });

  test("let the deployer grant the named roles and no others", () => {
    const { condition } = template.only("google_project_iam_member", { role: "roles/resourcemanager.projectIamAdmin" });
    expect(condition.expression).toBe(
      'api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/container.defaultNodeServiceAccount"])',
    );
  });

  // Source: https://cloud.google.com/vpc/docs/configure-private-service-connect-services#roles
  test("let the deployer make endpoints of Private Service Connect, which register in Service Directory", () => {
    const roles = rolesOf("deployer");
    expect(roles).toEqual(expect.arrayContaining(["roles/compute.admin", "roles/servicedirectory.editor"]));
  });

  test("make no key of an account", () => {
    expect(template.types()).not.toContain("google_service_account_key");
  });

  test("give no primitive role", () => {
    for (const use of ["planner", "deployer"]) {
      expect(rolesOf(use).filter((role) => /^roles\/(owner|editor|viewer)$/.test(role))).toEqual([]);
    }
  });

  test("keep what cannot be named again from destroy", () => {
    for (const type of ["google_iam_workload_identity_pool", "google_iam_workload_identity_pool_provider"]) {
      expect(template.only(type).lifecycle.prevent_destroy).toBe(true);
    }
  });

  // Source: the patterns of pool and account ids in the google provider
  test("have ids that IAM accepts", () => {
    expect(template.only("google_iam_workload_identity_pool").workload_identity_pool_id).toMatch(/^[a-z0-9-]{4,32}$/);
    for (const { account_id } of template.resources("google_service_account")) {
      expect(account_id).toMatch(/^[a-z][-a-z0-9]{4,28}[a-z0-9]$/);
    }
  });

  test.each([
    ["name", { name: "gcp-moodle" }],
    ["name", { name: "a".repeat(24) }],
    ["grantableRoles", { grantableRoles: Array(11).fill("roles/viewer") }],
  ] as const)("refuse a wrong %s: %p", (field, more) => {
    expect(() => Template.from((scope) => new CiIdentities(scope, "ci", { ...props, ...more }))).toThrow(
      new RegExp(`ci\\.${field}`),
    );
  });
});
