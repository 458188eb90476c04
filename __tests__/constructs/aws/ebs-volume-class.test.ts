import { EbsVolumeClass } from "../../../constructs/aws/ebs-volume-class";
import { Template } from "../../support/template";

describe("EbsVolumeClass", () => {
  let built!: EbsVolumeClass;
  const template = Template.from((scope) => {
    built = new EbsVolumeClass(scope, "volumes", { name: "moodle-staging-1", keyArn: "arn:key", dependsOn: [] });
  });
  const storageClass = template.only("kubernetes_storage_class_v1");

  test("makes disks that are encrypted by the given key", () => {
    expect(storageClass).toMatchObject({
      storage_provisioner: "ebs.csi.aws.com",
      parameters: { type: "gp3", encrypted: "true", kmsKeyId: "arn:key" },
    });
  });

  test("waits for the pod, in whose zone the disk must be", () => {
    expect(storageClass.volume_binding_mode).toBe("WaitForFirstConsumer");
  });

  test("has the name that claims give", () => {
    expect(storageClass.metadata).toMatchObject({ name: "moodle-staging-1" });
    expect(built.className).toBe("moodle-staging-1");
  });
});
