import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, ObjectStore, SharedFileSystem, WorkloadIdentity } from "../ports";
import { type InferenceModel, isCached, MODEL_CACHE_CLAIM, manifestUri, modelUri } from "./inference-model";
import { sharedVolume } from "./shared-volume";

export interface ModelCacheProps {
  /** Of the volume, one in the cluster, such as `moodle-production-1-models`. */
  readonly name: string;
  readonly cluster: ClusterAccess;
  /** Reads the bucket; its namespace is the models'. */
  readonly identity: WorkloadIdentity;
  /** The bucket that `npm run model:publish` fills. */
  readonly store: ObjectStore;
  /** Holds nothing but versions, and nothing that could not be fetched again. */
  readonly files: SharedFileSystem;
  /** Those that are not served from the cache are left out. */
  readonly models: readonly InferenceModel[];
  /** What must exist first beside cluster, identity, bucket and files: the namespace, KServe, what makes nodes. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Seconds for a large model: 48 GiB, fetched and read again at 30 MiB a second, and a node for it. */
const FETCH_TIMEOUT = 3600;

/**
 * Versions of models on a volume that many pods read: a replica starts without fetching anything. `ready` when every
 * version is there, with the checksums it was published with; a version that nothing refers to any more goes with a later
 * change.
 */
export class ModelCache extends Construct {
  /** Name of the claim, by which models are served from it. */
  readonly claimName = MODEL_CACHE_CLAIM;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: ModelCacheProps) {
    super(scope, id);
    const { name, cluster, identity, store, files } = props;
    const volume = sharedVolume(this, { name, files, dependsOn: cluster.ready });
    const { release } = new ChartRelease(this, "cache", {
      chart: { local: "model-cache" },
      namespace: identity.namespace,
      values: {
        claimName: this.claimName,
        volume: { name, storageClassName: name },
        serviceAccountName: identity.serviceAccountName,
        timeoutSeconds: FETCH_TIMEOUT - 300,
        network: { identityEndpoints: cluster.identityEndpoints },
        versions: props.models.filter(isCached).map((model) => ({
          model: model.name,
          version: model.version,
          files: modelUri(store, model),
          manifest: manifestUri(store, model),
        })),
      },
      timeout: FETCH_TIMEOUT,
      dependsOn: [volume, ...cluster.ready, ...identity.ready, ...store.ready, ...props.dependsOn],
    });
    this.ready = [release];
  }
}
