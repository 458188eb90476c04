/** What every node of a cluster has in common, in the words of a node pool's `node_config`. */
export function hardenedNodeConfig(serviceAccountEmail: string) {
  return {
    imageType: "COS_CONTAINERD",
    diskType: "pd-balanced",
    serviceAccount: serviceAccountEmail,
    // The scope allows everything; what a node may do is in the roles of its service account.
    oauthScopes: ["https://www.googleapis.com/auth/cloud-platform"],
    shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
    workloadMetadataConfig: { mode: "GKE_METADATA" },
    metadata: { "disable-legacy-endpoints": "true" },
    kubeletConfig: { insecureKubeletReadonlyPortEnabled: "FALSE" },
  };
}
