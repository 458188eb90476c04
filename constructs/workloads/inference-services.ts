import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import { refuse } from "../core/errors";
import type { ClusterAccess, KnativeServing, ObjectStore, PrometheusOperator, WorkloadIdentity } from "../ports";
import {
  type InferenceModel,
  type InferencePlatform,
  isCached,
  modelFaults,
  modelUri,
  needsKeda,
  type ResolvedModel,
  resolveModel,
} from "./inference-model";
import { rolloutPolicyValues, rolloutRouteValues } from "./model-rollout-policy";
import type { AiModel } from "./moodle-values";

export interface InferenceServicesProps {
  readonly cluster: ClusterAccess;
  /** Reads the bucket; its namespace is the models'. */
  readonly identity: WorkloadIdentity;
  /** The bucket that `npm run model:publish` fills: a model's files are in `models/<name>/<version>/`. */
  readonly store: ObjectStore;
  readonly models: readonly InferenceModel[];
  /** Whether the cluster has nodes with GPUs. @default false */
  readonly gpuNodes?: boolean;
  /** Serves models for the processor. @default none, every model is a Deployment */
  readonly knative?: KnativeServing;
  /** Claim of the volume that models with `pull: "warm-cache"` are on: a ModelCache's, which must be in `dependsOn`. @default none */
  readonly cacheClaimName?: string;
  /** URL of the Prometheus by which KEDA scales, as KEDA reaches it. @default none */
  readonly prometheusAddress?: string;
  /** Pods that may ask single models, by the model's name, beside its own `callers`. @default none */
  readonly callers?: Readonly<Record<string, readonly ModelCaller[]>>;
  /** What scrapes the models. @default nothing */
  readonly monitoring?: PrometheusOperator;
  /** What must exist first beside cluster, identity and bucket: the namespace, KServe, KEDA, what makes nodes. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Some pods of a namespace. */
export interface ModelCaller {
  readonly namespace: string;
  /** @default all of them */
  readonly podLabels?: Readonly<Record<string, string>>;
}

/**
 * The models of an environment, each an InferenceService of one version.
 *
 * KServe's init container fetches a model before its server starts, under the pods' own identity, unless it comes from a
 * ModelCache. On EKS that is Pod
 * Identity, which gives the init container credentials and region alike; KServe's annotation `serving.kserve.io/s3-region`
 * counts beside a role's annotation alone (https://github.com/kserve/kserve/blob/v0.20.0/pkg/credentials).
 *
 * @throws ConfigurationError for a model that cannot work
 */
export class InferenceServices extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: InferenceServicesProps) {
    super(scope, id);
    const { cluster, identity, store, knative, cacheClaimName, prometheusAddress, monitoring } = props;
    const platform: InferencePlatform = {
      gpuNodes: props.gpuNodes === true,
      knative: knative !== undefined,
      cacheClaimName,
      prometheusAddress,
    };
    const [fault] = modelFaults(props.models, platform);
    if (fault !== undefined) refuse(this.node.path, fault);
    const { release } = new ChartRelease(this, "models", {
      chart: { local: "inference-services" },
      namespace: identity.namespace,
      values: {
        serviceAccountName: identity.serviceAccountName,
        prometheusAddress: prometheusAddress ?? "",
        monitoring: monitoring ?? {},
        network: {
          identityEndpoints: cluster.identityEndpoints,
          knativeNamespaces: knative === undefined ? [] : [knative.namespace, knative.localGateway.namespace],
        },
        models: props.models.map((model) =>
          modelValues(resolveModel(model, platform), {
            uri: isCached(model) ? `pvc://${cacheClaimName}/${model.name}/${model.version}` : modelUri(store, model),
            callers: props.callers?.[model.name] ?? [],
          }),
        ),
      },
      // Helm does not wait for InferenceServices: what it waits for is theirs alone.
      timeout: 600,
      dependsOn: [...cluster.ready, ...identity.ready, ...store.ready, ...(knative?.ready ?? []), ...props.dependsOn],
    });
    this.ready = [release];
  }

  /**
   * How Moodle asks a model of the Hugging Face server, which speaks OpenAI's protocol below `/openai`. On Knative, its
   * gateway stands before the model.
   * Source: https://github.com/kserve/kserve/blob/v0.20.0/python/kserve/kserve/protocol/rest/openai/endpoints.py
   */
  static openAi(name: string, namespace: string, gateway?: KnativeServing["localGateway"]): AiModel {
    return {
      endpoint: `http://${name}-predictor.${namespace}.svc.cluster.local/openai/v1`,
      model: name,
      pods:
        gateway === undefined
          ? { namespace, podLabels: { "moodleplatform.io/model": name }, port: 8080 }
          : { namespace: gateway.namespace },
    };
  }
}

function modelValues(
  model: ResolvedModel,
  { uri, callers }: { readonly uri: string; readonly callers: readonly ModelCaller[] },
) {
  return {
    name: model.name,
    version: model.version,
    framework: model.framework,
    mode: model.deploymentMode === "knative" ? "Knative" : "Standard",
    uri,
    minReplicas: model.minReplicas,
    maxReplicas: model.maxReplicas,
    scaling: scalingValues(model),
    cpu: String(model.cpu),
    memory: `${Math.round(model.memoryGb * 1024)}Mi`,
    gpus: model.gpus,
    arguments: model.arguments,
    rollout: model.rollout && {
      policy: rolloutPolicyValues(model.rollout),
      route: model.rollout.gateway && rolloutRouteValues(model.rollout.gateway),
    },
    callers: [...model.callers.map((namespace) => ({ namespace })), ...callers, ...gatewayOf(model)],
  };
}

/** Requests come by way of the gateway that shares them among versions. */
function gatewayOf({ rollout }: ResolvedModel): ModelCaller[] {
  return rollout?.gateway === undefined ? [] : [{ namespace: rollout.gateway.namespace }];
}

function scalingValues(model: ResolvedModel) {
  const { deploymentMode, minReplicas, maxReplicas, scaleMetric: metric, scaleTarget: target } = model;
  const isResource = metric === "cpu" || metric === "memory";
  if (deploymentMode === "knative") return { class: isResource ? "hpa" : "kpa", metric, target };
  if (minReplicas === maxReplicas) return { class: "none" };
  return { class: needsKeda(model) ? "keda" : "hpa", metric, target };
}
