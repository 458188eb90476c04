import { GpuNodePool, type GpuNodePoolProps } from "../../../constructs/google/gpu-node-pool";
import { Template } from "../../support/template";

const props: GpuNodePoolProps = {
  clusterName: "moodle-production-1",
  project: "example-moodle",
  location: "europe-west3",
  machineType: "g2-standard-4",
  accelerator: "nvidia-l4",
  limit: 4,
  nodeServiceAccountEmail: "nodes@example-moodle.iam.gserviceaccount.com",
};

function pool(overrides: Partial<GpuNodePoolProps> = {}) {
  const template = Template.from((scope) => new GpuNodePool(scope, "gpu", { ...props, ...overrides }));
  return template.only("google_container_node_pool");
}

describe("GpuNodePool", () => {
  const built = pool();

  test("scales between nothing and the limit, over all zones", () => {
    expect(built.initial_node_count).toBe(0);
    expect(built.autoscaling).toEqual({ total_min_node_count: 0, total_max_node_count: 4, location_policy: "ANY" });
  });

  test("keeps off what asks for no GPU", () => {
    expect(built.node_config.taint).toEqual([{ key: "nvidia.com/gpu", value: "present", effect: "NO_SCHEDULE" }]);
  });

  test("has its driver installed by GKE", () => {
    expect(built.node_config.guest_accelerator).toEqual([
      { type: "nvidia-l4", count: 1, gpu_driver_installation_config: { gpu_driver_version: "DEFAULT" } },
    ]);
  });

  test.each([
    ["g2-standard-32", 1],
    ["g2-standard-24", 2],
    ["g2-standard-96", 8],
    ["g4-standard-96", 2],
    ["a2-highgpu-4g", 4],
    ["a2-megagpu-16g", 16],
    ["a3-edgegpu-8g-nolssd", 8],
    ["n1-standard-8", 1],
  ])("has as many GPUs a node as %s", (machineType, count) => {
    expect(pool({ machineType }).node_config.guest_accelerator[0].count).toBe(count);
  });

  test("has as many as are attached to a machine type that has none, and no other number than one that has", () => {
    expect(pool({ machineType: "n1-standard-8", acceleratorCount: 2 }).node_config.guest_accelerator[0].count).toBe(2);
    expect(() => pool({ machineType: "g2-standard-24", acceleratorCount: 1 })).toThrow(/gpu\.acceleratorCount/);
  });

  test("is upgraded without surplus nodes", () => {
    expect(built.upgrade_settings).toEqual({ strategy: "SURGE", max_surge: 0, max_unavailable: 1 });
  });

  test("is bought as spot nodes, or as lasting ones", () => {
    expect(built.node_config.spot).toBe(true);
    expect(pool({ spot: false }).node_config.spot).toBe(false);
  });

  test("runs under the nodes' service account", () => {
    expect(built.node_config.service_account).toBe(props.nodeServiceAccountEmail);
  });

  test("stays in the zones that offer the accelerator", () => {
    expect(built).not.toHaveProperty("node_locations");
    expect(pool({ zones: ["europe-west3-b"] }).node_locations).toEqual(["europe-west3-b"]);
  });
});
