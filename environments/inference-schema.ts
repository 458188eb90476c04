/** What an environment says about the models that it serves. */
import { z } from "zod";
import { MODEL_NAME, MODEL_VERSION } from "../constructs/workloads/inference-model";
import { count, matching } from "./fields";
import { rollout } from "./rollout-schema";

const namespace = matching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "the name of a namespace");

const model = z.strictObject({
  name: matching(
    MODEL_NAME,
    "1 to 40 lower-case letters, digits and hyphens, a letter first and no hyphen last",
  ).describe("Its name, by which callers ask for it."),
  version: matching(MODEL_VERSION, "a semantic version such as v1.3.0, never a name that moves").describe(
    "Version that `npm run model:publish` has put in the bucket.",
  ),
  framework: z
    .enum(["sklearn", "huggingface", "triton"])
    .describe("Server: scikit-learn's, Hugging Face's, or NVIDIA Triton."),
  pull: z
    .enum(["init-container", "warm-cache"])
    .default("init-container")
    .describe(
      "How a replica comes by its files: it fetches them from the bucket whenever it starts, or mounts them from a volume, onto which each version is fetched once. The volume is EFS or Filestore.",
    ),
  device: z
    .enum(["cpu", "gpu"])
    .default("cpu")
    .describe("Where it runs. A GPU needs `cluster.gpu`, and always has a replica or more."),
  gpus: count(1, 8).optional().describe("GPUs of one replica. Default: 1 where the device is a GPU."),
  deploymentMode: z
    .enum(["standard", "knative"])
    .optional()
    .describe(
      "A Deployment, or a Knative Service, which may scale to zero. It stays as long as the model is served. Default: knative for the processor where `knative` is on, else standard.",
    ),
  minReplicas: count(0, 1000).default(1).describe("Replicas at least. 0 on Knative alone."),
  maxReplicas: count(1, 1000)
    .optional()
    .describe("Replicas at most; where it equals minReplicas, nothing scales. Default: 3, or minReplicas if more."),
  scaleMetric: z
    .enum(["cpu", "memory", "concurrency", "rps", "gpu"])
    .optional()
    .describe(
      "What the number of replicas follows: the share of processors or memory, requests in progress, requests a second (which others call qps), or the share of the GPU that is busy. Default: gpu on a GPU, concurrency on Knative, else cpu.",
    ),
  scaleTarget: count(1, 100000)
    .optional()
    .describe("Of one replica: percent of cpu, memory and gpu, requests of concurrency and rps. Default: 70, or 10."),
  cpu: z.number().min(0.1).max(192).default(1).describe("Processors of one replica."),
  memoryGb: z.number().min(0.25).max(2048).default(2).describe("Memory of one replica, in GiB."),
  arguments: z
    .array(z.string().min(1))
    .default([])
    .describe("Arguments of the server beside its own, such as --max_model_len=4096."),
  callers: z
    .array(namespace)
    .default([])
    .describe("Namespaces whose pods may call it, beside Moodle's where Moodle uses it."),
  rollout: rollout.optional(),
});

export const inference = z
  .strictObject({
    models: z.array(model).min(1).describe("The models that are served."),
    prometheusAddress: z
      .url({ protocol: /^https?$/, error: "an http:// or https:// address" })
      .optional()
      .describe(
        "Prometheus by which KEDA scales and rollouts decide, as pods reach it. Default: the platform's own, where `monitoring` is on.",
      ),
  })
  .optional()
  .describe("KServe, and the models that it serves. Default: none, and nothing of it is there.");
