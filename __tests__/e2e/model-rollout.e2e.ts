/**
 * The rollout of models against a real API server with KServe's definitions, under the rights that its chart gives it,
 * gated by a real Prometheus. KServe and Knative themselves are a model.
 */
import { parseAllDocuments } from "yaml";
import type { Cluster } from "../../services/rollout/src/kubernetes/cluster";
import type { State } from "../../services/rollout/src/state";
import { apply } from "./support/apply";
import { install, render } from "./support/charts";
import { ModelOnTestbed } from "./support/model-rollout";
import { hasPrometheus, ScrapingPrometheus } from "./support/prometheus";
import { createNamespace, describeOnTestbed, get, kubectl, missingTestbed } from "./support/testbed";

const KNATIVE = "model-rollout-knative";
const STANDARD = "model-rollout-standard";

const release = (namespace: string, monitoring: object = {}) => ({
  name: "model-rollout",
  namespace,
  values: {
    image: "registry.example.edu/rollout:0.1.0",
    models: ["bert"],
    prometheus: { url: "http://prometheus.monitoring.svc", namespace: "monitoring" },
    monitoring,
  },
});

const isAtRest = ({ phase, settledAt }: State) => phase === "Idle" && settledAt !== undefined;
const isServing = (version: string) => (state: State) => isAtRest(state) && state.stable.version === version;

/** Ends every run after its first writing, before the answer comes back. */
function killedAfterFirstWrite(cluster: Cluster): Cluster {
  const killed = async (write: Promise<void>) => {
    await write;
    throw new Error("killed");
  };
  return {
    namespace: cluster.namespace,
    get: (kind, name) => cluster.get(kind, name),
    list: (kind, label) => cluster.list(kind, label),
    create: (object) => killed(cluster.create(object)),
    replace: (object) => killed(cluster.replace(object)),
    apply: (object) => killed(cluster.apply(object)),
    delete: (kind, name) => killed(cluster.delete(kind, name)),
  };
}

describeOnTestbed("charts/model-rollout", () => {
  beforeAll(async () => {
    await createNamespace(KNATIVE);
    await createNamespace(STANDARD);
    await install(release(KNATIVE), "60s");
    await install(release(STANDARD), "60s");
  });

  test("has no field that Kubernetes or Prometheus' operator lacks", async () => {
    const strict = "model-rollout-strict";
    await createNamespace(strict);
    const given = {
      ...release(strict, { namespace: "monitoring", labels: { release: "prometheus" } }),
      namespace: strict,
    };
    await expect(apply(await render(given), strict)).resolves.toHaveLength(16);
  });

  test("lets a run reach Prometheus at whatever port its pods have, which is not in the address of its Service", async () => {
    const objects = parseAllDocuments(await render(release(KNATIVE))).map((document) => document.toJS());
    expect(objects.find(({ kind }) => kind === "NetworkPolicy").spec.egress).toContainEqual({
      to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
    });
  });

  const account = `system:serviceaccount:${KNATIVE}:model-rollout`;
  test.each([
    ["get", "configmaps/bert-rollout", "yes"],
    ["update", "configmaps/bert-rollout-state", "yes"],
    ["patch", "inferenceservices.serving.kserve.io", "yes"],
    ["patch", "httproutes.gateway.networking.k8s.io", "yes"],
    // What is Helm's.
    ["update", "configmaps/bert-rollout", "no"],
    ["delete", "configmaps/bert-rollout", "no"],
    // What is nobody's business here.
    ["get", "configmaps/another", "no"],
    ["get", "secrets", "no"],
    ["patch", "cronjobs.batch/another", "no"],
    ["create", "pods", "no"],
  ])("lets a run %s %s: %s", async (verb, resource, answer) => {
    const given = await kubectl(["auth", "can-i", verb, resource, "--as", account, "--namespace", KNATIVE]).catch(
      ({ message }: Error) => message,
    );
    expect(given).toMatch(new RegExp(`^${answer}$`, "m"));
  });
});

const isReady = missingTestbed() === undefined && hasPrometheus();
if (!isReady) console.warn("rollouts of models are skipped: a testbed and Debian's package prometheus are needed");

(isReady ? describe : describe.skip)("a rollout", () => {
  let model: ModelOnTestbed;
  let prometheus: ScrapingPrometheus;

  beforeAll(async () => {
    await createNamespace(KNATIVE);
    await install(release(KNATIVE), "60s");
    prometheus = await ScrapingPrometheus.start(() =>
      model === undefined ? "" : model.traffic.page(KNATIVE, model.kserve.revisions.at(-1)?.name ?? ""),
    );
    model = await ModelOnTestbed.create(KNATIVE, prometheus.url);
  });

  afterAll(() => prometheus?.stop());

  const sharing = (percent: number) => (state: State) =>
    state.phase === "Progressing" && state.percent === percent && state.settledAt !== undefined;

  test("makes the InferenceService, of which every field is its own", async () => {
    await model.want("v1.2.0");
    await model.until(isServing("v1.2.0"));
    const { metadata, spec } = await model.service();
    expect(spec.predictor.model.storageUri).toBe("s3://models/bert/v1.2.0");
    expect(spec.predictor.canaryTrafficPercent).toBeUndefined();
    expect(metadata.ownerReferences).toMatchObject([{ kind: "ConfigMap", name: "bert-rollout" }]);
    type Managed = { manager: string; operation: string; subresource?: string };
    const managers = metadata.managedFields.filter(({ subresource }: Managed) => subresource === undefined);
    expect(managers.map(({ manager, operation }: Managed) => [manager, operation])).toEqual([
      ["model-rollout", "Apply"],
    ]);
  });

  test("holds while nothing is counted, promotes when enough requests are answered, and removes the percentage", async () => {
    model.traffic.falls();
    await model.want("v1.3.0");
    await model.until(sharing(50));
    for (let runs = 0; runs < 6; runs++) await model.until(() => true);
    expect(model.kserve.shareOf("v1.3.0")).toBe(50);
    model.traffic.comes({ good: 20, failed: 0 });
    await model.until(isServing("v1.3.0"));
    const { spec } = await model.service();
    expect(spec.predictor).not.toHaveProperty("canaryTrafficPercent");
    expect(model.kserve.shareOf("v1.3.0")).toBe(100);
    expect(await model.reasons()).toEqual(["Installed", "Started", "Stepped", "Promoted"]);
  });

  test("counters that begin anew are no failure", async () => {
    model.traffic.comes({ good: 20, failed: 0 });
    await model.want("v1.4.0");
    await model.until(sharing(50));
    model.traffic.reset();
    await model.until(isServing("v1.4.0"));
  });

  test("rolls back at the first errors, although no series had any before, and serves what it served", async () => {
    model.traffic.reset();
    model.traffic.comes({ good: 20, failed: 0 });
    await model.want("v1.5.0");
    await model.until(sharing(50));
    model.traffic.comes({ good: 20, failed: 5 });
    const state = await model.until((one) => isAtRest(one) && one.refused !== undefined);
    expect(state.refused).toMatchObject({ version: "v1.5.0", reason: expect.stringMatching(/requests failed/) });
    expect(model.kserve.shareOf("v1.4.0")).toBe(100);
    const { spec } = await model.service();
    expect(spec.predictor.model.storageUri).toBe("s3://models/bert/v1.4.0");
    expect(spec.predictor).not.toHaveProperty("canaryTrafficPercent");
  });

  test("comes to its end although every run is killed after its first writing", async () => {
    model.traffic.reset();
    model.traffic.comes({ good: 20, failed: 0 });
    await model.want("v1.6.0");
    const killed = killedAfterFirstWrite(model.cluster);
    // Runs that die and runs that live in turn: one that dies each time would never apply what follows.
    for (let triesLeft = 120; ; triesLeft--) {
      await model.run(killed).catch(() => {});
      const state = await model.until(() => true);
      if (isServing("v1.6.0")(state)) break;
      if (triesLeft === 0) throw new Error("does not come to an end");
    }
    expect(model.kserve.shareOf("v1.6.0")).toBe(100);
    expect(model.kserve.revisions.filter(({ version }) => version === "v1.6.0")).toHaveLength(1);
  });

  test("takes back what somebody else has changed", async () => {
    const patch = JSON.stringify({ spec: { predictor: { canaryTrafficPercent: 5 } } });
    await kubectl(["patch", "inferenceservice", "bert", "--type=merge", "--namespace", KNATIVE, "--patch", patch]);
    await model.run();
    expect((await model.service()).spec.predictor.canaryTrafficPercent).toBeUndefined();
  });

  test("what it made is gone when Helm removes the model", async () => {
    await kubectl(["delete", "configmap", "bert-rollout", "--namespace", KNATIVE]);
    const gone = (kind: string, name: string) =>
      kubectl(["wait", `${kind}/${name}`, "--for=delete", "--timeout=60s", "--namespace", KNATIVE]);
    await gone("inferenceservice", "bert");
    await gone("configmap", "bert-rollout-state");
  });
});

describeOnTestbed("a rollout in mode Standard", () => {
  let model: ModelOnTestbed;

  beforeAll(async () => {
    await createNamespace(STANDARD);
    await install(release(STANDARD), "60s");
    // Nothing is asked of Prometheus here: the first share is not reached without an answer.
    model = await ModelOnTestbed.create(STANDARD, "http://127.0.0.1:1");
  });

  /** What KServe and a gateway would report. */
  async function follow(): Promise<void> {
    for (const { metadata } of await model.cluster.list("InferenceService", "moodleplatform.io/model=bert")) {
      await model.setStatus("InferenceService", metadata.name, { conditions: [{ type: "Ready", status: "True" }] });
    }
    const route = await model.cluster.get("HTTPRoute", "bert");
    const conditions = ["Accepted", "ResolvedRefs"].map((type) => ({
      type,
      status: "True",
      reason: type,
      message: "",
      lastTransitionTime: "2026-03-01T08:00:00Z",
      observedGeneration: route?.metadata.generation,
    }));
    const parent = { parentRef: { name: "gateway" }, controllerName: "example.edu/gateway", conditions };
    await model.setStatus("HTTPRoute", "bert", { parents: [parent] });
  }

  async function steps(count: number): Promise<State | undefined> {
    let state: State | undefined;
    for (let run = 0; run < count; run++) {
      state = await model.run();
      await follow();
    }
    return state;
  }

  const weights = async (): Promise<[string, number][]> =>
    (await get(["httproute", "bert"], STANDARD)).spec.rules[0].backendRefs.map(
      ({ name, weight }: { name: string; weight: number }) => [name.replace(/-[0-9a-f]{6}-predictor$/, ""), weight],
    );

  test("makes an InferenceService for each version and a route with their weights, and holds without Prometheus", async () => {
    await model.want("v1.2.0", "Standard");
    await steps(3);
    expect(await weights()).toEqual([["bert-v1-2-0", 100]]);
    await model.want("v1.3.0", "Standard");
    await steps(6);
    expect(await weights()).toEqual([
      ["bert-v1-2-0", 50],
      ["bert-v1-3-0", 50],
    ]);
  });

  test("deletes what does not serve any more, after the route has been seen without it", async () => {
    await model.want("v1.2.0", "Standard");
    const state = await steps(5);
    expect(state?.phase).toBe("Idle");
    expect(await weights()).toEqual([["bert-v1-2-0", 100]]);
    const { items } = await get(["inferenceservices"], STANDARD);
    expect(items).toHaveLength(1);
  });
});
