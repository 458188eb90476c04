import { TerraformOutput, type TerraformResource } from "cdktf";
import { GkeCluster, type GkeClusterProps } from "../../../constructs/google/gke-cluster";
import { Template } from "../../support/template";

const props: GkeClusterProps = {
  name: "moodle-production-1",
  project: "example-moodle",
  location: "europe-west3",
  zones: ["europe-west3-a", "europe-west3-b", "europe-west3-c"],
  networkId: "projects/example-moodle/global/networks/n",
  subnetworkId: "projects/example-moodle/regions/europe-west3/subnetworks/s",
  podsRangeName: "pods",
  servicesRangeName: "services",
  dependsOn: [],
  kubernetesVersion: "1.35",
  databaseEncryptionKeyId: "projects/example-moodle/locations/europe-west3/keyRings/k/cryptoKeys/cluster",
  imageRepositoryId: "projects/example-moodle/locations/europe-west3/repositories/moodle-production",
  systemNodes: { machineType: "e2-standard-2", count: 1 },
  nodes: { cpuLimit: 64, memoryLimitGb: 256 },
};

function build(overrides: Partial<GkeClusterProps> = {}) {
  let gke!: GkeCluster;
  const template = Template.from((scope) => {
    gke = new GkeCluster(scope, "cluster", { ...props, ...overrides });
    new TerraformOutput(scope, "host", { value: gke.access.host });
    new TerraformOutput(scope, "workload-pool", { value: gke.workloadPool });
  });
  return { gke, template, cluster: template.only("google_container_cluster") };
}

describe("GkeCluster", () => {
  const { gke, template, cluster } = build({ administrators: ["group:sre@example.edu", "user:sre@example.edu"] });
  const pool = template.only("google_container_node_pool");

  test("has private nodes alone", () => {
    expect(cluster.private_cluster_config).toEqual({ enable_private_nodes: true });
  });

  test("answers at its DNS endpoint alone", () => {
    expect(cluster.control_plane_endpoints_config).toEqual({
      dns_endpoint_config: { allow_external_traffic: true },
      ip_endpoints_config: { enabled: false },
    });
    expect(cluster).not.toHaveProperty("master_authorized_networks_config");
  });

  test("hands out the DNS endpoint, straight from the cluster", () => {
    const [id] = Object.keys(template.all("google_container_cluster"));
    expect(template.json.output).toMatchObject({
      host: {
        value: `https://\${google_container_cluster.${id}.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint}`,
      },
    });
  });

  test("has whoever names its workload pool wait for it", () => {
    const [id] = Object.keys(template.all("google_container_cluster"));
    expect(template.json.output).toMatchObject({
      "workload-pool": { value: `\${google_container_cluster.${id}.workload_identity_config[0].workload_pool}` },
    });
  });

  test("needs no certificate of its own: a public authority signs the DNS endpoint's", () => {
    expect(gke.access.caCertificate).toBeUndefined();
    expect(gke.access.exec).toEqual({
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "gke-gcloud-auth-plugin",
      args: ["--use_application_default_credentials"],
    });
  });

  test("enforces NetworkPolicies by Dataplane V2", () => {
    expect(cluster.datapath_provider).toBe("ADVANCED_DATAPATH");
    expect(cluster).not.toHaveProperty("network_policy");
  });

  test("names the metadata server as Dataplane V2 sees it", () => {
    expect(gke.access.identityEndpoints).toEqual([
      { cidr: "169.254.169.254/32", port: 80 },
      { cidr: "169.254.169.254/32", port: 8080 },
    ]);
  });

  test("encrypts secrets by the given key", () => {
    expect(cluster.database_encryption).toEqual({ state: "ENCRYPTED", key_name: props.databaseEncryptionKeyId });
  });

  test("has no default pool, and forgets how it looked", () => {
    expect(cluster).toMatchObject({ remove_default_node_pool: true, initial_node_count: 1 });
    expect(cluster.lifecycle.ignore_changes).toEqual(expect.arrayContaining(["node_config", "initial_node_count"]));
  });

  test("does not say that it is no Autopilot cluster: that conflicts with removing the default pool", () => {
    expect(cluster).not.toHaveProperty("enable_autopilot");
  });

  test("follows a release channel from the given version on", () => {
    expect(cluster.release_channel).toEqual({ channel: "REGULAR" });
    expect(cluster.min_master_version).toBe("1.35");
    expect(cluster).not.toHaveProperty("node_version");
    expect(pool).not.toHaveProperty("version");
  });

  test("is maintained for 48 hours or more in 32 days", () => {
    const { start_time, end_time, recurrence } = cluster.maintenance_policy.recurring_window;
    const hours = (Date.parse(end_time) - Date.parse(start_time)) / 3_600_000;
    const [, days = ""] = /^FREQ=WEEKLY;BYDAY=([A-Z,]+)$/.exec(recurrence) ?? [];
    expect(hours * days.split(",").length * Math.floor(32 / 7)).toBeGreaterThanOrEqual(48);
  });

  test.each(["google_container_cluster", "google_container_node_pool"])("%s hardens its nodes", (type) => {
    expect(template.only(type).node_config).toMatchObject({
      shielded_instance_config: { enable_secure_boot: true, enable_integrity_monitoring: true },
      workload_metadata_config: { mode: "GKE_METADATA" },
      metadata: { "disable-legacy-endpoints": "true" },
      kubelet_config: { insecure_kubelet_readonly_port_enabled: "FALSE" },
      service_account: expect.stringMatching(/^\$\{google_service_account\..+\.email\}$/),
    });
  });

  test("hardens the nodes that it buys by itself, within the given limits", () => {
    expect(cluster.cluster_autoscaling).toMatchObject({
      enabled: true,
      auto_provisioning_locations: props.zones,
      resource_limits: [
        { resource_type: "cpu", maximum: 64 },
        { resource_type: "memory", maximum: 256 },
      ],
      auto_provisioning_defaults: {
        service_account: pool.node_config.service_account,
        shielded_instance_config: { enable_secure_boot: true, enable_integrity_monitoring: true },
        management: { auto_repair: true, auto_upgrade: true },
      },
    });
    expect(cluster.node_pool_auto_config).toEqual({
      node_kubelet_config: { insecure_kubelet_readonly_port_enabled: "FALSE" },
    });
  });

  test("lets nodes do what nodes do, and pull images", () => {
    const member = expect.stringMatching(/^\$\{google_service_account\..+\.member\}$/);
    expect(template.resources("google_project_iam_member")).toContainEqual(
      expect.objectContaining({ role: "roles/container.defaultNodeServiceAccount", member }),
    );
    expect(template.only("google_artifact_registry_repository_iam_member")).toMatchObject({
      repository: props.imageRepositoryId,
      role: "roles/artifactregistry.reader",
      member,
    });
  });

  test("keeps all but system programs off the system nodes, and tells how to get on them", () => {
    const [taint] = pool.node_config.taint;
    expect(taint).toEqual({ key: "components.gke.io/gke-managed-components", value: "true", effect: "NO_SCHEDULE" });
    expect(gke.access.systemNodes).toEqual({
      nodeSelector: { "cloud.google.com/gke-nodepool": pool.name },
      tolerations: [{ key: taint.key, operator: "Exists", effect: "NoSchedule" }],
    });
  });

  test("is ready with its system nodes and its administrators' access", () => {
    expect(gke.access.ready.map((resource) => (resource as TerraformResource).terraformResourceType)).toEqual([
      "google_container_node_pool",
      "google_project_iam_member",
      "google_project_iam_member",
    ]);
  });

  test("lets each administrator in", () => {
    const administrators = template
      .resources("google_project_iam_member")
      .filter(({ role }) => role === "roles/container.admin");
    expect(administrators.map(({ member }) => member).sort()).toEqual([
      "group:sre@example.edu",
      "user:sre@example.edu",
    ]);
  });

  test("has what the platform builds on", () => {
    expect(cluster.workload_identity_config).toEqual({ workload_pool: "example-moodle.svc.id.goog" });
    expect(cluster.gateway_api_config).toEqual({ channel: "CHANNEL_STANDARD" });
    expect(cluster.monitoring_config.managed_prometheus).toEqual({ enabled: true });
    expect(cluster.cost_management_config).toEqual({ enabled: true });
    expect(cluster.addons_config).toMatchObject({
      http_load_balancing: { disabled: false },
      horizontal_pod_autoscaling: { disabled: false },
      gce_persistent_disk_csi_driver_config: { enabled: true },
      gcp_filestore_csi_driver_config: { enabled: true },
      gke_backup_agent_config: { enabled: true },
    });
  });

  test("grants nothing to anonymous or to any signed-in user", () => {
    expect(cluster.anonymous_authentication_config).toEqual({ mode: "LIMITED" });
    expect(cluster.rbac_binding_config).toEqual({
      enable_insecure_binding_system_unauthenticated: false,
      enable_insecure_binding_system_authenticated: false,
    });
    expect(cluster.master_auth).toEqual({ client_certificate_config: { issue_client_certificate: false } });
  });

  test("cannot be deleted or replaced", () => {
    expect(cluster.deletion_protection).toBe(true);
    expect(cluster.lifecycle.prevent_destroy).toBe(true);
  });
});

test("a disposable cluster can be deleted", () => {
  const { cluster } = build({ protection: "disposable" });
  expect(cluster.deletion_protection).toBe(false);
  expect(cluster.lifecycle.prevent_destroy).not.toBe(true);
});

test("the IP endpoint is open to authorized networks alone", () => {
  const { cluster } = build({ authorizedCidrs: ["203.0.113.0/24"] });
  expect(cluster.control_plane_endpoints_config.ip_endpoints_config).toEqual({ enabled: true });
  expect(cluster.master_authorized_networks_config).toEqual({
    gcp_public_cidrs_access_enabled: false,
    cidr_blocks: [{ cidr_block: "203.0.113.0/24" }],
  });
});

test("a zonal cluster has all its nodes in its zone", () => {
  const { cluster } = build({ location: "europe-west3-b" });
  expect(cluster).not.toHaveProperty("node_locations");
  expect(cluster.cluster_autoscaling.auto_provisioning_locations).toEqual(["europe-west3-b"]);
});

test("an exam week keeps upgrades away", () => {
  const startTime = "2026-01-19T00:00:00Z";
  const endTime = "2026-02-01T00:00:00Z";
  const { cluster } = build({ maintenanceExclusions: [{ name: "exams", startTime, endTime }] });
  expect(cluster.maintenance_policy.maintenance_exclusion).toEqual([
    {
      exclusion_name: "exams",
      start_time: startTime,
      end_time: endTime,
      exclusion_options: { scope: "NO_UPGRADES" },
    },
  ]);
});

test("the longest name leaves a service account id that Google accepts", () => {
  const { template } = build({ name: "moodle-abcdefghijklmnop-99" });
  expect(template.only("google_service_account").account_id).toMatch(/^[a-z](?:[-a-z0-9]{4,28}[a-z0-9])$/);
});

test.each(["moodle-abcdefghijklmnopq-99", "Moodle", "1-moodle", "moodle-"])("refuses the name %s", (name) => {
  expect(() => build({ name })).toThrow(/cluster\.name/);
});

test.each([[[]], [["europe-west1-b"]]])("refuses zones %j for a cluster in europe-west3", (zones) => {
  expect(() => build({ zones })).toThrow(/cluster\.zones[\s\S]*one or more zones of europe-west3/);
});
