import { GoogleWorkloadIdentity } from "../../../constructs/google/google-workload-identity";
import { Template } from "../../support/template";

const MEMBER =
  "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/example-moodle.svc.id.goog/subject/ns/moodle/sa/moodle-web";

describe("GoogleWorkloadIdentity", () => {
  let identity!: GoogleWorkloadIdentity;
  const condition = { title: "own instance", expression: 'resource.name == "projects/example-moodle/instances/i"' };
  const template = Template.from((scope) => {
    identity = new GoogleWorkloadIdentity(scope, "identity", {
      project: "example-moodle",
      projectNumber: "123456789012",
      workloadPool: "example-moodle.svc.id.goog",
      namespace: "moodle",
      serviceAccountName: "moodle-web",
      projectRoles: [{ role: "roles/cloudsql.client", condition }],
    });
  });

  test("is the Kubernetes service account itself, with no Google service account between", () => {
    expect(identity.member).toBe(MEMBER);
    expect(template.types()).toEqual(["google_project_iam_member"]);
  });

  test("holds its project roles under their conditions", () => {
    expect(template.only("google_project_iam_member")).toMatchObject({
      project: "example-moodle",
      role: "roles/cloudsql.client",
      member: MEMBER,
      condition,
    });
  });

  test("is ready with every grant, those of other constructs included", () => {
    const elsewhere = { fqn: "google_storage_bucket_iam_member.x" };
    identity.waitFor(elsewhere);
    expect(identity.ready).toHaveLength(2);
    expect(identity.ready).toContain(elsewhere);
  });
});
