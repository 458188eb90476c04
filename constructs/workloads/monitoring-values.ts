import type { ClusterAccess } from "../ports";

/** What the values of kube-prometheus-stack are made of. */
export interface MonitoringSettings {
  readonly cluster: ClusterAccess;
  readonly retentionDays: number;
  readonly storageGb: number;
  readonly nodeExporterNamespace: string;
  readonly alertmanagerServiceAccount: string;
  /** Receivers that have a credential, by their place among all. */
  readonly credentials: readonly number[];
}

/** Made by `charts/monitoring`. */
const GRAFANA_ADMINISTRATOR = "grafana-administrator";

/** Values of kube-prometheus-stack: https://github.com/prometheus-community/helm-charts */
export function monitoringValues(settings: MonitoringSettings) {
  const { cluster } = settings;
  const placement = cluster.systemNodes;
  return {
    crds: { enabled: false },
    // Of a managed control plane, and of what is the cloud's own in kube-system.
    ...Object.fromEntries(NOT_SCRAPED.map((name) => [name, { enabled: false }])),
    defaultRules: {
      disabled: {
        // Nodes follow an upgrade of the cluster one by one, over hours.
        KubeVersionMismatch: true,
        // An autoscaler makes as many nodes as pods ask for, so that the loss of one is always too many, and replaces it.
        KubeCPUOvercommit: true,
        KubeMemoryOvercommit: true,
      },
    },
    prometheus: prometheusValues(settings),
    alertmanager: alertmanagerValues(settings),
    grafana: GRAFANA,
    prometheusOperator: {
      ...placement,
      resources: resources("50m", 128, 512),
      prometheusConfigReloader: { resources: resources("10m", 32, 64) },
      admissionWebhooks: { patch: { ...placement } },
    },
    "kube-state-metrics": { ...placement, resources: resources("25m", 128, 512) },
    "prometheus-node-exporter": {
      namespaceOverride: settings.nodeExporterNamespace,
      resources: resources("25m", 32, 128),
      // NoExecute as well: no node is left unseen.
      tolerations: [{ operator: "Exists" }],
    },
  };
}

const NOT_SCRAPED = ["kubeApiServer", "kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy", "coreDns"];

function prometheusValues({ cluster, retentionDays, storageGb }: MonitoringSettings) {
  return {
    prometheusSpec: {
      retention: `${retentionDays}d`,
      retentionSize: `${Math.floor(storageGb * 0.85 * 1024)}MB`,
      walCompression: true,
      storageSpec: volumeClaim(cluster, storageGb),
      resources: resources("250m", 2048, 6144),
      // Every monitor and rule, whatever its labels: by default those of this release alone.
      serviceMonitorSelectorNilUsesHelmValues: false,
      podMonitorSelectorNilUsesHelmValues: false,
      ruleSelectorNilUsesHelmValues: false,
      probeSelectorNilUsesHelmValues: false,
      scrapeConfigSelectorNilUsesHelmValues: false,
    },
  };
}

function alertmanagerValues({ cluster, alertmanagerServiceAccount, credentials }: MonitoringSettings) {
  return {
    serviceAccount: { name: alertmanagerServiceAccount },
    podDisruptionBudget: { enabled: true, minAvailable: 1 },
    alertmanagerSpec: {
      ...cluster.systemNodes,
      // Two, so that an alert is told of while a node goes.
      replicas: 2,
      // The secret that the operator looks for: charts/monitoring makes it.
      useExistingSecret: true,
      storage: volumeClaim(cluster, 2),
      resources: resources("10m", 64, 128),
      ...(credentials.length > 0 && credentialFiles(credentials)),
    },
  };
}

/**
 * The Secrets that charts/monitoring makes, each a file of the name that its configuration knows. None need be there: the
 * operator's own list of secrets would keep the pods from starting while one is missing. Kubelet adds what comes later.
 * Source: https://kubernetes.io/docs/concepts/configuration/secret/#restriction-secret-must-exist
 */
function credentialFiles(credentials: readonly number[]) {
  const sources = credentials.map((index) => ({
    secret: {
      name: `alertmanager-credential-${index}`,
      optional: true,
      items: [{ key: "credential", path: String(index) }],
    },
  }));
  return {
    volumes: [{ name: "credentials", projected: { sources } }],
    volumeMounts: [{ name: "credentials", mountPath: "/etc/alertmanager/credentials", readOnly: true }],
  };
}

/** What is made by hand in it is gone with its pod: dashboards come from ConfigMaps. */
const GRAFANA = {
  admin: { existingSecret: GRAFANA_ADMINISTRATOR, userKey: "username", passwordKey: "password" },
  defaultDashboardsEditable: false,
  initChownData: { enabled: false },
  testFramework: { enabled: false },
  resources: resources("50m", 256, 512),
  sidecar: { resources: resources("10m", 96, 256) },
  // It tells nobody that it is there.
  env: { GF_ANALYTICS_REPORTING_ENABLED: "false", GF_ANALYTICS_CHECK_FOR_UPDATES: "false" },
};

function volumeClaim({ volumeClassName }: ClusterAccess, gb: number) {
  return {
    volumeClaimTemplate: {
      spec: {
        storageClassName: volumeClassName,
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: `${gb}Gi` } },
      },
    },
  };
}

/** Memory in MiB. Of processors there is no limit: a slow answer is worse than a busy node. */
function resources(cpu: string, memoryMb: number, memoryLimitMb: number) {
  return { requests: { cpu, memory: `${memoryMb}Mi` }, limits: { memory: `${memoryLimitMb}Mi` } };
}
