import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type {
  ClusterAccess,
  KnativeServing,
  ObjectStore,
  PrometheusOperator,
  SharedFileSystem,
  WorkloadIdentity,
} from "../constructs/ports";
import { namespaceAt, needsKeda, resolveModel } from "../constructs/workloads/inference-model";
import { InferenceServices, type ModelCaller } from "../constructs/workloads/inference-services";
import { Keda } from "../constructs/workloads/keda";
import { KServe } from "../constructs/workloads/kserve";
import { ModelCache } from "../constructs/workloads/model-cache";
import { ModelRollout } from "../constructs/workloads/model-rollout";
import { PlatformNamespace } from "../constructs/workloads/platform-namespace";
import type { Environment } from "../environments/defaults";

/** What a cloud gives to models. */
export interface ModelPlatform {
  /** Reads the bucket. */
  readonly identity: WorkloadIdentity;
  /** The bucket that `npm run model:publish` fills. */
  readonly store: ObjectStore;
  /** Needed where a model is served from the cache. */
  readonly cache?: {
    /** Reads the bucket too. */
    readonly identity: WorkloadIdentity;
    readonly files: SharedFileSystem;
  };
}

export interface InferenceProps extends ModelPlatform {
  readonly environment: Environment;
  readonly settings: NonNullable<Environment["inference"]>;
  readonly cluster: ClusterAccess;
  readonly knative?: KnativeServing;
  /** Reference of the image that rolls models out, by digest or tag. */
  readonly rolloutImage: string;
  /** Pods that may ask single models, by the model's name. */
  readonly callers: Readonly<Record<string, readonly ModelCaller[]>>;
  /** What scrapes the models. */
  readonly monitoring?: PrometheusOperator;
  /** URL of the Prometheus by which KEDA scales and rollouts decide. */
  readonly prometheusAddress?: string;
  /** What must exist first beside the cluster: what makes nodes, and cert-manager. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** The models of an environment, and what serves them: the same on every cloud. */
export class Inference extends Construct {
  constructor(scope: Construct, id: string, props: InferenceProps) {
    super(scope, id);
    const { environment, settings, cluster, knative, prometheusAddress, dependsOn } = props;
    const { chartRegistry } = environment;
    const { models } = settings;
    const prometheusNamespace = prometheusAddress === undefined ? undefined : namespaceAt(prometheusAddress);
    const isScaledByKeda = models.some((model) => needsKeda(resolveModel(model, { knative: knative !== undefined })));
    const keda = isScaledByKeda
      ? new Keda(this, "keda", {
          cluster,
          prometheusNamespace,
          chartRegistry,
          dependsOn: [...dependsOn, ...this.addNamespace("keda", cluster)],
        }).ready
      : [];
    const kserve = new KServe(this, "kserve", {
      cluster,
      knative,
      chartRegistry,
      dependsOn: [...dependsOn, ...keda, ...this.addNamespace("kserve", cluster)],
    });
    const namespaceReady = this.addNamespace(props.identity.namespace, cluster);
    const cache =
      props.cache &&
      new ModelCache(this, "cache", {
        name: `${environment.prefix}-models`,
        cluster,
        ...props.cache,
        store: props.store,
        models,
        dependsOn: [...dependsOn, ...kserve.ready, ...namespaceReady],
      });
    const services = new InferenceServices(this, "models", {
      cluster,
      identity: props.identity,
      store: props.store,
      models,
      gpuNodes: environment.cluster.gpu !== undefined,
      knative,
      cacheClaimName: cache?.claimName,
      prometheusAddress,
      callers: props.callers,
      monitoring: props.monitoring,
      dependsOn: [...dependsOn, ...kserve.ready, ...namespaceReady, ...(cache?.ready ?? [])],
    });
    const rolledOut = models.filter(({ rollout }) => rollout !== undefined).map(({ name }) => name);
    if (rolledOut.length > 0 && prometheusAddress !== undefined && prometheusNamespace !== undefined) {
      new ModelRollout(this, "rollout", {
        cluster,
        namespace: props.identity.namespace,
        models: rolledOut,
        prometheus: { url: prometheusAddress, namespace: prometheusNamespace },
        image: props.rolloutImage,
        monitoring: props.monitoring,
        dependsOn: [...kserve.ready, ...services.ready],
      });
    }
  }

  /** They hold nothing that is not made anew. */
  private addNamespace(name: string, cluster: ClusterAccess): readonly ITerraformDependable[] {
    return new PlatformNamespace(this, `${name}-namespace`, {
      name,
      protection: "disposable",
      dependsOn: cluster.ready,
    }).ready;
  }
}
