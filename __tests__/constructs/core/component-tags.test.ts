import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { ContainerCluster } from "@cdktf/provider-google/lib/container-cluster";
import { MonitoringNotificationChannel } from "@cdktf/provider-google/lib/monitoring-notification-channel";
import { StorageBucket } from "@cdktf/provider-google/lib/storage-bucket";
import { Aspects } from "cdktf";
import { Construct } from "constructs";
import { ComponentTags } from "../../../constructs/core/component-tags";
import { Template } from "../../support/template";

describe("ComponentTags", () => {
  const template = Template.from((scope) => {
    const outer = new Construct(scope, "database");
    const inner = new Construct(outer, "encryption");
    new KmsKey(inner, "key", {});
    new KmsKey(inner, "named", { tags: { Name: "x", component: "mine" } });
    new IamRolePolicyAttachment(inner, "attachment", { role: "r", policyArn: "arn" });
    new KmsKey(scope, "loose", {});
    Aspects.of(scope).add(new ComponentTags("tags"));
  });

  test("names the outermost construct", () => {
    expect(template.resources("aws_kms_key")).toContainEqual(
      expect.objectContaining({ tags: { component: "database" } }),
    );
  });

  test("keeps the tags that a resource has", () => {
    expect(template.only("aws_kms_key", { tags: { component: "mine", Name: "x" } })).toBeDefined();
  });

  test("leaves a resource without tags alone", () => {
    expect(template.only("aws_iam_role_policy_attachment")).not.toHaveProperty("tags");
  });

  test("names a resource that stands in the stack itself after itself", () => {
    expect(template.only("aws_kms_key", { tags: { component: "loose" } })).toBeDefined();
  });
});

test("ComponentTags writes labels on Google Cloud", () => {
  const template = Template.from((scope) => {
    new StorageBucket(new Construct(scope, "files"), "bucket", { name: "b", location: "EU" });
    Aspects.of(scope).add(new ComponentTags("labels"));
  });
  expect(template.only("google_storage_bucket").labels).toEqual({ component: "files" });
});

test("ComponentTags finds the labels of a resource that has other `labels`, or none of that name", () => {
  const template = Template.from((scope) => {
    const outer = new Construct(scope, "alarm");
    new MonitoringNotificationChannel(outer, "channel", { type: "email", labels: { email_address: "a@example.edu" } });
    new ContainerCluster(outer, "cluster", { name: "c" });
    Aspects.of(scope).add(new ComponentTags("labels"));
  });
  expect(template.only("google_monitoring_notification_channel")).toMatchObject({
    labels: { email_address: "a@example.edu" },
    user_labels: { component: "alarm" },
  });
  expect(template.only("google_monitoring_notification_channel").labels).not.toHaveProperty("component");
  expect(template.only("google_container_cluster").resource_labels).toEqual({ component: "alarm" });
});
