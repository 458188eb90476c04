import { ClusterPlanner } from "../../../constructs/aws/cluster-planner";
import { Template } from "../../support/template";

describe("ClusterPlanner", () => {
  const template = Template.from((scope) => {
    new ClusterPlanner(scope, "planner", { clusterName: "c", principalArn: "arn:role", dependsOn: [] });
  });
  const [{ rule } = {}] = template.resources("kubernetes_cluster_role_v1");

  test("maps the principal to a group and to nothing of AWS's own policies", () => {
    expect(template.only("aws_eks_access_entry")).toMatchObject({
      principal_arn: "arn:role",
      kubernetes_groups: ["moodle-platform:planners"],
    });
    expect(template.resources("aws_eks_access_policy_association")).toEqual([]);
  });

  test("binds that group to its role", () => {
    const { subject, role_ref } = template.only("kubernetes_cluster_role_binding_v1");
    expect(subject).toMatchObject([{ kind: "Group", name: "moodle-platform:planners" }]);
    expect(role_ref).toMatchObject({ kind: "ClusterRole" });
  });

  test("only ever reads", () => {
    const verbs = new Set((rule as { verbs: string[] }[]).flatMap((one) => one.verbs));
    expect([...verbs].sort()).toEqual(["get", "list"]);
  });

  test("reads no Secret", () => {
    expect(JSON.stringify(rule)).not.toMatch(/secrets|\*/);
  });
});
