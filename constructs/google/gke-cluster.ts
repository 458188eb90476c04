import { ArtifactRegistryRepositoryIamMember } from "@cdktf/provider-google/lib/artifact-registry-repository-iam-member";
import {
  ContainerCluster,
  type ContainerClusterClusterAutoscaling,
  type ContainerClusterMaintenancePolicy,
} from "@cdktf/provider-google/lib/container-cluster";
import { ContainerNodePool } from "@cdktf/provider-google/lib/container-node-pool";
import { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import { ServiceAccount } from "@cdktf/provider-google/lib/service-account";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import type { ClusterAccess } from "../ports";
import { hardenedNodeConfig } from "./node-config";

/** A time in which GKE leaves the cluster alone: an exam week. Dates are RFC 3339, such as `2026-01-19T00:00:00Z`. */
export interface MaintenanceExclusion {
  readonly name: string;
  readonly startTime: string;
  readonly endTime: string;
  /** `NO_UPGRADES` for 30 days at most; the others as long as the version is supported. @default NO_UPGRADES */
  readonly scope?: "NO_UPGRADES" | "NO_MINOR_UPGRADES" | "NO_MINOR_OR_NODE_UPGRADES";
}

export interface GkeClusterProps {
  /** At most 26 characters: the node service account is `<name>-gke`, of 30 at most. */
  readonly name: string;
  readonly project: string;
  /** A region for a regional cluster, or a zone for a zonal one. */
  readonly location: string;
  /** Zones of the nodes of a regional cluster; of no effect where `location` is a zone. */
  readonly zones: readonly string[];
  readonly networkId: string;
  readonly subnetworkId: string;
  readonly podsRangeName: string;
  readonly servicesRangeName: string;
  /** Minor version, such as `1.35`. The release channel takes it further, and raising it upgrades. */
  readonly kubernetesVersion: string;
  /** @default REGULAR */
  readonly releaseChannel?: "REGULAR" | "STABLE" | "EXTENDED";
  /** Networks that may use the control plane's IP endpoint. @default none; it is off and only the DNS endpoint answers */
  readonly authorizedCidrs?: readonly string[];
  /**
   * Members, such as `group:sre@example.edu`, who get `roles/container.admin`. The role is of the project, not of the
   * cluster. @default nobody beside who holds it already
   */
  readonly administrators?: readonly string[];
  /**
   * Cloud KMS key for secrets in etcd: `projects/P/locations/R/keyRings/K/cryptoKeys/C`. GKE's service agent
   * (`service-<number>@container-engine-robot.iam.gserviceaccount.com`) must hold `cryptoKeyEncrypterDecrypter` on it.
   */
  readonly databaseEncryptionKeyId: string;
  /** Artifact Registry repository that nodes may pull from: `projects/P/locations/R/repositories/NAME`. @default none */
  readonly imageRepositoryId?: string;
  /** Nodes of the cluster's own programs: machine type, and how many in each zone at least. */
  readonly systemNodes: { readonly machineType: string; readonly count: number };
  /** What all nodes together may grow to, those for the system and with a GPU included. */
  readonly nodes: { readonly cpuLimit: number; readonly memoryLimitGb: number };
  /** RFC 5545 recurrence and its first occurrence. GKE asks for 48 hours in 32 days. @default weekends, 0 to 8 o'clock UTC */
  readonly maintenanceWindow?: { readonly startTime: string; readonly endTime: string; readonly recurrence: string };
  /** @default none */
  readonly maintenanceExclusions?: readonly MaintenanceExclusion[];
  /** `protected` refuses to delete or replace the cluster. @default "protected" */
  readonly protection?: Protection;
  /** What nodes need before they can join: a way to the internet, `Network.ready`. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Taint that GKE's own programs tolerate: https://cloud.google.com/kubernetes-engine/docs/how-to/isolate-workloads-dedicated-nodes */
const SYSTEM_TAINT = "components.gke.io/gke-managed-components";

const SYSTEM_POOL = "system";

/**
 * A VPC-native GKE Standard cluster: private nodes, Dataplane V2 (which enforces NetworkPolicies), Workload Identity,
 * a tainted pool for system programs and node auto-provisioning for the rest.
 *
 * The control plane is reached by its DNS endpoint, where Google Cloud checks identity and permission
 * (`container.clusters.connect`) before a request gets to it; no bastion and no public node network is needed.
 */
export class GkeCluster extends Construct {
  readonly access: ClusterAccess;
  readonly clusterName: string;
  readonly location: string;
  /**
   * `<project>.svc.id.goog`, read from the cluster: the pool comes to be with the first cluster, and IAM refuses members
   * of a pool that does not exist.
   */
  readonly workloadPool: string;
  readonly nodeServiceAccountEmail: string;

  constructor(scope: Construct, id: string, props: GkeClusterProps) {
    super(scope, id);
    this.checkNames(props);
    const authorizedCidrs = props.authorizedCidrs ?? [];
    this.location = props.location;

    const { serviceAccount, grants } = this.nodeIdentity(props);
    this.nodeServiceAccountEmail = serviceAccount.email;

    const cluster = new ContainerCluster(this, "cluster", {
      name: props.name,
      project: props.project,
      location: props.location,
      nodeLocations: isZone(props.location) ? undefined : [...props.zones],
      deletionProtection: isGuarded(props.protection),
      minMasterVersion: props.kubernetesVersion,
      releaseChannel: { channel: props.releaseChannel ?? "REGULAR" },
      maintenancePolicy: maintenancePolicy(props),

      network: props.networkId,
      subnetwork: props.subnetworkId,
      networkingMode: "VPC_NATIVE",
      datapathProvider: "ADVANCED_DATAPATH",
      ipAllocationPolicy: {
        clusterSecondaryRangeName: props.podsRangeName,
        servicesSecondaryRangeName: props.servicesRangeName,
      },
      defaultMaxPodsPerNode: 64,
      enableIntranodeVisibility: true,
      privateClusterConfig: { enablePrivateNodes: true },
      controlPlaneEndpointsConfig: {
        dnsEndpointConfig: { allowExternalTraffic: true },
        ipEndpointsConfig: { enabled: authorizedCidrs.length > 0 },
      },
      masterAuthorizedNetworksConfig:
        authorizedCidrs.length === 0
          ? undefined
          : {
              gcpPublicCidrsAccessEnabled: false,
              cidrBlocks: authorizedCidrs.map((cidrBlock) => ({ cidrBlock })),
            },

      // The default pool lives for minutes, yet must pass the organization's policies: it gets the nodes' configuration.
      removeDefaultNodePool: true,
      initialNodeCount: 1,
      nodeConfig: { ...hardenedNodeConfig(serviceAccount.email), machineType: "e2-medium", diskSizeGb: 20 },
      clusterAutoscaling: autoProvisioning(props, serviceAccount.email),
      nodePoolAutoConfig: { nodeKubeletConfig: { insecureKubeletReadonlyPortEnabled: "FALSE" } },
      verticalPodAutoscaling: { enabled: true },

      workloadIdentityConfig: { workloadPool: `${props.project}.svc.id.goog` },
      databaseEncryption: { state: "ENCRYPTED", keyName: props.databaseEncryptionKeyId },
      enableShieldedNodes: true,
      masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
      anonymousAuthenticationConfig: { mode: "LIMITED" },
      rbacBindingConfig: {
        enableInsecureBindingSystemUnauthenticated: false,
        enableInsecureBindingSystemAuthenticated: false,
      },
      securityPostureConfig: { mode: "BASIC", vulnerabilityMode: "VULNERABILITY_DISABLED" },

      gatewayApiConfig: { channel: "CHANNEL_STANDARD" },
      addonsConfig: {
        httpLoadBalancing: { disabled: false },
        horizontalPodAutoscaling: { disabled: false },
        gcePersistentDiskCsiDriverConfig: { enabled: true },
        gcpFilestoreCsiDriverConfig: { enabled: true },
        gkeBackupAgentConfig: { enabled: true },
        dnsCacheConfig: { enabled: true },
      },
      loggingConfig: { enableComponents: ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER"] },
      monitoringConfig: {
        enableComponents: [
          "SYSTEM_COMPONENTS",
          "STORAGE",
          "HPA",
          "POD",
          "DAEMONSET",
          "DEPLOYMENT",
          "STATEFULSET",
          "CADVISOR",
          "KUBELET",
        ],
        managedPrometheus: { enabled: true },
        advancedDatapathObservabilityConfig: { enableMetrics: true, enableRelay: false },
      },
      costManagementConfig: { enabled: true },

      lifecycle: {
        preventDestroy: isGuarded(props.protection),
        ignoreChanges: [
          // Both describe the default pool, which is gone.
          "node_config",
          "initial_node_count",
          // Without an IP endpoint there is nothing to be public or private; the API answers as it likes.
          ...(authorizedCidrs.length === 0 ? ["private_cluster_config[0].enable_private_endpoint"] : []),
        ],
      },
      dependsOn: grants,
    });
    this.clusterName = cluster.name;
    this.workloadPool = cluster.workloadIdentityConfig.workloadPool;

    const systemPool = new ContainerNodePool(this, "system-nodes", {
      name: SYSTEM_POOL,
      project: props.project,
      cluster: cluster.name,
      location: props.location,
      initialNodeCount: props.systemNodes.count,
      autoscaling: {
        minNodeCount: props.systemNodes.count,
        maxNodeCount: 2 * props.systemNodes.count,
        locationPolicy: "BALANCED",
      },
      management: { autoRepair: true, autoUpgrade: true },
      upgradeSettings: { strategy: "SURGE", maxSurge: 1, maxUnavailable: 0 },
      nodeConfig: {
        ...hardenedNodeConfig(serviceAccount.email),
        machineType: props.systemNodes.machineType,
        diskSizeGb: 50,
        taint: [{ key: SYSTEM_TAINT, value: "true", effect: "NO_SCHEDULE" }],
      },
      // The count is where the autoscaler began.
      lifecycle: { ignoreChanges: ["initial_node_count"] },
      dependsOn: [...props.dependsOn],
    });

    this.access = {
      clusterName: cluster.name,
      host: `https://${cluster.controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint}`,
      exec: {
        apiVersion: "client.authentication.k8s.io/v1beta1",
        command: "gke-gcloud-auth-plugin",
        // The same credentials that the google provider uses.
        args: ["--use_application_default_credentials"],
      },
      ready: [systemPool, ...this.administrators(props)],
      // https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy
      identityEndpoints: [
        { cidr: "169.254.169.254/32", port: 80 },
        { cidr: "169.254.169.254/32", port: 8080 },
      ],
      systemNodes: {
        nodeSelector: { "cloud.google.com/gke-nodepool": SYSTEM_POOL },
        tolerations: [{ key: SYSTEM_TAINT, operator: "Exists", effect: "NoSchedule" }],
      },
    };
  }

  private checkNames({ name, location, zones }: GkeClusterProps): void {
    if (name.length > 26 || !/^[a-z][a-z0-9-]*[a-z0-9]$/.test(name)) {
      refuse(this.node.path, {
        path: "name",
        given: name,
        allowed: "2 to 26 lower-case letters, digits and hyphens, a letter first and no hyphen last",
        remedy: "shorten or correct the name",
      });
    }
    const foreign = zones.filter((zone) => !zone.startsWith(`${location}-`));
    if (!isZone(location) && (zones.length === 0 || foreign.length > 0)) {
      refuse(this.node.path, {
        path: "zones",
        given: zones,
        allowed: `one or more zones of ${location}`,
        remedy: "name zones of the cluster's own region",
      });
    }
  }

  /** https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster#use_least_privilege_sa */
  private nodeIdentity({ name, project, imageRepositoryId }: GkeClusterProps) {
    const serviceAccount = new ServiceAccount(this, "node-service-account", {
      accountId: `${name}-gke`,
      project,
      displayName: `Nodes of ${name}`,
    });
    const grants: ITerraformDependable[] = [
      new ProjectIamMember(this, "node-role", {
        project,
        role: "roles/container.defaultNodeServiceAccount",
        member: serviceAccount.member,
      }),
    ];
    if (imageRepositoryId !== undefined) {
      grants.push(
        new ArtifactRegistryRepositoryIamMember(this, "image-pull", {
          repository: imageRepositoryId,
          role: "roles/artifactregistry.reader",
          member: serviceAccount.member,
        }),
      );
    }
    return { serviceAccount, grants };
  }

  private administrators({ project, administrators }: GkeClusterProps): ProjectIamMember[] {
    return (administrators ?? []).map(
      (member) =>
        new ProjectIamMember(this, `administrator-${member.replaceAll(/[^a-zA-Z0-9]+/g, "-")}`, {
          project,
          role: "roles/container.admin",
          member,
        }),
    );
  }
}

function isZone(location: string): boolean {
  return /-[a-z]$/.test(location);
}

function maintenancePolicy(props: GkeClusterProps): ContainerClusterMaintenancePolicy {
  return {
    recurringWindow: props.maintenanceWindow ?? {
      startTime: "2026-01-03T00:00:00Z",
      endTime: "2026-01-03T08:00:00Z",
      recurrence: "FREQ=WEEKLY;BYDAY=SA,SU",
    },
    maintenanceExclusion: (props.maintenanceExclusions ?? []).map(({ name, startTime, endTime, scope }) => ({
      exclusionName: name,
      startTime,
      endTime,
      exclusionOptions: { scope: scope ?? "NO_UPGRADES" },
    })),
  };
}

function autoProvisioning(props: GkeClusterProps, serviceAccount: string): ContainerClusterClusterAutoscaling {
  const { imageType, diskType, oauthScopes, shieldedInstanceConfig } = hardenedNodeConfig(serviceAccount);
  return {
    enabled: true,
    autoProvisioningLocations: isZone(props.location) ? [props.location] : [...props.zones],
    resourceLimits: [
      { resourceType: "cpu", maximum: props.nodes.cpuLimit },
      { resourceType: "memory", maximum: props.nodes.memoryLimitGb },
    ],
    autoProvisioningDefaults: {
      imageType,
      diskType,
      diskSize: 50,
      serviceAccount,
      oauthScopes,
      shieldedInstanceConfig,
      management: { autoRepair: true, autoUpgrade: true },
      upgradeSettings: { strategy: "SURGE", maxSurge: 1, maxUnavailable: 0 },
    },
  };
}
