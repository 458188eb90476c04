import { Filestore, type FilestoreProps } from "../../../constructs/google/filestore";
import { Template } from "../../support/template";

const KEY = "projects/example-moodle/locations/europe-west3/keyRings/moodle/cryptoKeys/data";
const regional: FilestoreProps = {
  name: "moodle-production-1-files",
  project: "example-moodle",
  location: "europe-west3",
  tier: "REGIONAL",
  capacityGb: 1024,
  networkName: "moodle-production-1",
  reservedIpRange: "10.37.1.0/26",
  clientCidrs: ["10.30.0.0/20"],
  keyId: KEY,
};
const basic: Partial<FilestoreProps> = { tier: "BASIC_HDD", location: "europe-west3-a", keyId: undefined };

function build(more: Partial<FilestoreProps> = {}) {
  let filestore!: Filestore;
  const template = Template.from((scope) => {
    filestore = new Filestore(scope, "files", { ...regional, ...more });
  });
  return { fileSystem: filestore.fileSystem, instance: template.only("google_filestore_instance") };
}

describe("Filestore", () => {
  const { fileSystem, instance } = build();

  test("is the volume that GKE's driver knows by location, instance and share", () => {
    expect(fileSystem).toMatchObject({
      csiDriver: "filestore.csi.storage.gke.io",
      volumeHandle: "modeInstance/europe-west3/moodle-production-1-files/moodle",
      capacityGb: 1024,
    });
    expect(fileSystem.volumeAttributes.volume).toBe(instance.file_shares.name);
  });

  test("lets the kubelets of the nodes give the export to a pod's group, and nobody else mount it", () => {
    expect(instance.file_shares.nfs_export_options).toEqual([
      { ip_ranges: ["10.30.0.0/20"], access_mode: "READ_WRITE", squash_mode: "NO_ROOT_SQUASH" },
    ]);
  });

  test("cannot be lost where protected", () => {
    expect(instance).toMatchObject({ deletion_protection_enabled: true, lifecycle: { prevent_destroy: true } });
  });

  test("can be destroyed where disposable", () => {
    expect(build({ protection: "disposable" }).instance).toMatchObject({
      deletion_protection_enabled: false,
      lifecycle: { prevent_destroy: false },
    });
  });

  test.each([
    ["REGIONAL", {}, "10.37.1.0/26"],
    ["BASIC_HDD", basic, "10.37.1.0/29"],
    ["REGIONAL in a larger range", { reservedIpRange: "10.37.0.0/24" }, "10.37.0.0/26"],
  ] as const)("takes as many addresses as its tier demands: %s", (_, more, range) => {
    expect(build(more).instance.networks[0]).toMatchObject({ reserved_ip_range: range, modes: ["MODE_IPV4"] });
  });

  test.each([
    ["REGIONAL", { capacityGb: 1280 }],
    ["REGIONAL", { capacityGb: 9984 }],
    ["REGIONAL", { capacityGb: 12800 }],
    ["BASIC_HDD", { ...basic, capacityGb: 1025 }],
  ] as const)("takes the steps of its tier: %s, %p", (_, more) => {
    expect(build(more).instance.file_shares.capacity_gb).toBe(more.capacityGb);
  });

  test("encrypts with the key that was given", () => {
    expect(instance.kms_key_name).toBe(KEY);
  });

  test.each([
    ["name", { name: "Moodle" }],
    ["name", { name: "m".repeat(64) }],
    ["location", { location: "europe-west3-a" }],
    ["location", { ...basic, location: "europe-west3" }],
    ["capacityGb", { capacityGb: 768 }],
    ["capacityGb", { capacityGb: 1465 }],
    ["capacityGb", { capacityGb: 10112 }],
    ["capacityGb", { tier: "ZONAL", location: "europe-west3-a", capacityGb: 1023 }],
    ["capacityGb", { ...basic, capacityGb: 1000 }],
    ["capacityGb", { ...basic, capacityGb: 65434 }],
    ["reservedIpRange", { reservedIpRange: "10.37.1.0/27" }],
    ["clientCidrs", { clientCidrs: [] }],
    ["keyId", { ...basic, keyId: KEY }],
  ] as const)("refuses a wrong %s: %p", (field, more) => {
    expect(() => build(more)).toThrow(new RegExp(`files\\.${field}`));
  });
});
