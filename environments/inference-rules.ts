/** Rules of what serves models. */
import { MODEL_CACHE_CLAIM, modelFaults } from "../constructs/workloads/inference-model";
import { fault, type Rule } from "./shared-rules";
import type { SizedEnvironment } from "./sizing/environment";

export const INFERENCE_RULES: readonly Rule<SizedEnvironment>[] = [
  {
    reads: ["inference", "cluster.gpu", "model", "knative", "monitoring"],
    check: ({ inference, cluster, model, knative, monitoring }) =>
      modelFaults(inference?.models ?? [], {
        gpuNodes: cluster.gpu !== undefined,
        knative: knative ?? model === "serverless",
        cacheClaimName: MODEL_CACHE_CLAIM,
        prometheusAddress: inference?.prometheusAddress ?? (monitoring && "http://prometheus.monitoring:9090"),
      }).map((fault) => ({ ...fault, path: `inference.${fault.path}` })),
  },
  {
    reads: ["inference", "moodle.ai", "moodle.version"],
    check: ({ inference, moodle: { ai, version } }) => {
      if (ai === undefined) return [];
      const generative = (inference?.models ?? []).filter(({ framework }) => framework === "huggingface");
      // Through a gateway, in mode standard, Moodle would not find it.
      const names = generative.filter(({ rollout }) => rollout?.gateway === undefined).map(({ name }) => name);
      return [
        ...(names.includes(ai.model)
          ? []
          : [
              fault(
                "moodle.ai.model",
                ai.model,
                `a model in inference.models of framework huggingface, without a gateway of its rollout: ${names.join(", ") || "there is none"}`,
                "name one of these, or serve the model",
              ),
            ]),
        ...(version === "4.5"
          ? []
          : [
              fault(
                "moodle.ai",
                ai,
                `nothing for Moodle ${version}, which keeps its AI providers in a table that no configuration reaches`,
                'leave moodle.ai out and set the provider up in Moodle, or set moodle.version to "4.5"',
              ),
            ]),
      ];
    },
  },
];
