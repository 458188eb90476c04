import { SharedFiles, type SharedFilesProps } from "../../../constructs/aws/shared-files";
import { type Resource, Template } from "../../support/template";

const base: SharedFilesProps = {
  name: "moodle-production-1",
  vpcId: "vpc-1",
  subnetIds: ["subnet-1", "subnet-2", "subnet-3"],
  clientSecurityGroupIds: ["sg-cluster"],
  keyArn: "arn:aws:kms:eu-central-1:111122223333:key/1",
};

function build(props: Partial<SharedFilesProps> = {}) {
  let files: SharedFiles | undefined;
  const template = Template.from((scope) => {
    files = new SharedFiles(scope, "files", { ...base, ...props });
  });
  return { template, files: files as unknown as SharedFiles };
}

describe("shared files", () => {
  const { template, files } = build();
  const statements: Resource[] = JSON.parse(template.only("aws_efs_file_system_policy").policy).Statement;

  test("are encrypted, backed up and protected", () => {
    expect(template.only("aws_efs_file_system")).toMatchObject({
      encrypted: true,
      kms_key_id: base.keyArn,
      throughput_mode: "elastic",
      lifecycle: { prevent_destroy: true },
    });
    expect(template.only("aws_efs_backup_policy").backup_policy.status).toBe("ENABLED");
  });

  test("have a mount target in each subnet, open to clients on NFS's port", () => {
    expect(template.resources("aws_efs_mount_target").map(({ subnet_id }) => subnet_id)).toEqual(base.subnetIds);
    expect(template.only("aws_vpc_security_group_ingress_rule")).toMatchObject({
      referenced_security_group_id: "sg-cluster",
      from_port: 2049,
    });
  });

  test("belong to one user, whoever writes", () => {
    expect(template.only("aws_efs_access_point")).toMatchObject({
      posix_user: { uid: 33, gid: 33 },
      root_directory: { path: "/moodle", creation_info: { owner_uid: 33, owner_gid: 33, permissions: "0770" } },
    });
  });

  test("are mounted by the access point, over TLS, as the CSI driver spells it", () => {
    expect(files.fileSystem.mountOptions).toEqual(["tls"]);
    expect(files.fileSystem.csiDriver).toBe("efs.csi.aws.com");
    expect(files.fileSystem.volumeHandle).toMatch(/^\$\{TfToken\[.+\]\}::\$\{TfToken\[.+\]\}$/);
  });

  test("admit mounts through mount targets by way of the access point, and no root", () => {
    const [mount] = statements.filter(({ Effect }) => Effect === "Allow");
    expect(mount?.Action).toEqual(["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]);
    expect(mount?.Condition.Bool).toEqual({ "elasticfilesystem:AccessedViaMountTarget": "true" });
    expect(mount?.Condition.StringEquals["elasticfilesystem:AccessPointArn"]).toMatch(/aws_efs_access_point/);
  });

  test("refuse whoever comes without TLS", () => {
    expect(statements).toContainEqual(
      expect.objectContaining({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
    );
  });

  test("are ready when they can be mounted", () => {
    expect(files.fileSystem.ready).toHaveLength(2 + 3 + 1);
  });
});

test("disposable files go without a trace: no backups that outlive them", () => {
  const { template } = build({ protection: "disposable", throughput: "bursting", posixId: 82 });
  expect(template.only("aws_efs_file_system")).toMatchObject({
    throughput_mode: "bursting",
    lifecycle: { prevent_destroy: false },
  });
  expect(template.only("aws_efs_backup_policy").backup_policy.status).toBe("DISABLED");
  expect(template.only("aws_efs_access_point").posix_user).toEqual({ uid: 82, gid: 82 });
});
