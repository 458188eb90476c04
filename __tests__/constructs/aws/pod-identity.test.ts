import { PodIdentity, type PodIdentityProps } from "../../../constructs/aws/pod-identity";
import { Template } from "../../support/template";

const props: PodIdentityProps = {
  name: "moodle-staging-1",
  account: "123456789012",
  region: "eu-central-1",
  clusterName: "moodle-staging-1",
  namespace: "moodle",
  serviceAccountName: "moodle-web",
  statements: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::files/*" }],
};

function synthesize(overrides: Partial<PodIdentityProps> = {}): Template {
  return Template.from((stack) => {
    new PodIdentity(stack, "identity", { ...props, ...overrides });
  });
}

const template = synthesize();

test("binds one service account to the role", () => {
  expect(template.only("aws_eks_pod_identity_association")).toMatchObject({
    cluster_name: "moodle-staging-1",
    namespace: "moodle",
    service_account: "moodle-web",
    role_arn: expect.stringMatching(/^\$\{aws_iam_role\..+\.arn\}$/),
  });
});

test("no other service account and no other cluster can take the role on", () => {
  const { Statement } = JSON.parse(template.only("aws_iam_role").assume_role_policy);
  expect(Statement).toEqual([
    {
      Effect: "Allow",
      Principal: { Service: "pods.eks.amazonaws.com" },
      Action: ["sts:AssumeRole", "sts:TagSession"],
      Condition: {
        StringEquals: {
          "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:eu-central-1:123456789012:cluster/moodle-staging-1",
          "aws:RequestTag/kubernetes-namespace": "moodle",
          "aws:RequestTag/kubernetes-service-account": "moodle-web",
        },
      },
    },
  ]);
});

test("grants the statements and nothing else", () => {
  expect(JSON.parse(template.only("aws_iam_role_policy").policy).Statement).toEqual(props.statements);
  expect(template.resources("aws_iam_role_policy_attachment")).toEqual([]);
});

test("refuses a role name longer than IAM takes", () => {
  expect(() => synthesize({ serviceAccountName: "s".repeat(48) })).toThrow(/64 characters or fewer/);
});
