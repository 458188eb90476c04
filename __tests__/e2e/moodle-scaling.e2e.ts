import * as ports from "../support/ports";
import type { Resource } from "../support/template";
import { everything, objectsOf, only, render, site, synthesize, template } from "./support/moodle-site";
import { describeOnTestbed } from "./support/testbed";

const BY_PROCESSORS = { minReplicas: 2, maxReplicas: 4, cpu: 2, memoryMb: 3072 };

const kinds = (objects: readonly Resource[]) => objects.map(({ kind }) => kind);

describeOnTestbed("web pods of charts/moodle", () => {
  let byProcessors: Resource[];
  let byWorkers: Resource[];
  beforeAll(async () => {
    byProcessors = await render(site("sites", { web: BY_PROCESSORS }));
    byWorkers = await render(site("sites", { web: everything.web, monitoring: everything.monitoring }));
  });

  test("scale by PHP's processors", () => {
    expect(only(byProcessors, "HorizontalPodAutoscaler", "moodle-web").spec).toMatchObject({
      scaleTargetRef: { kind: "Deployment", name: "moodle-web" },
      minReplicas: 2,
      maxReplicas: 4,
      metrics: [{ containerResource: { name: "cpu", container: "php-fpm", target: { averageUtilization: 65 } } }],
    });
    expect(kinds(byProcessors)).not.toContain("ScaledObject");
  });

  test("scale by busy workers, and by processors where those say more", () => {
    const { triggers, minReplicaCount, maxReplicaCount } = only(byWorkers, "ScaledObject", "moodle-web").spec;
    expect([minReplicaCount, maxReplicaCount]).toEqual([2, 4]);
    expect(triggers).toMatchObject([
      {
        type: "prometheus",
        metricType: "AverageValue",
        metadata: {
          serverAddress: "http://prometheus.monitoring:9090",
          threshold: "70",
          query: expect.stringContaining('phpfpm_active_processes{namespace="sites", job="moodle"}'),
        },
      },
      { type: "cpu", metadata: { containerName: "php-fpm", value: "65" } },
    ]);
    expect(kinds(byWorkers)).not.toContain("HorizontalPodAutoscaler");
  });

  test("stay where Prometheus does not answer", () => {
    const { fallback, triggers } = only(byWorkers, "ScaledObject", "moodle-web").spec;
    expect(fallback).toEqual({ failureThreshold: 3, replicas: 2, behavior: "currentReplicasIfHigher" });
    // No answer and an empty one are the same: no reason to take pods away.
    expect(triggers[0].metadata.ignoreNullValues).toBe("false");
  });

  test("come fast and go slowly, whatever they scale by", () => {
    const { behavior } = only(byProcessors, "HorizontalPodAutoscaler", "moodle-web").spec;
    expect(behavior.scaleUp.policies).toContainEqual({ type: "Percent", value: 100, periodSeconds: 30 });
    expect(behavior.scaleDown.stabilizationWindowSeconds).toBe(600);
    const { advanced } = only(byWorkers, "ScaledObject", "moodle-web").spec;
    expect(advanced.horizontalPodAutoscalerConfig.behavior).toEqual(behavior);
  });

  test("pass from one autoscaler to the other under its name", () => {
    const { metadata, spec } = only(byWorkers, "ScaledObject", "moodle-web");
    expect(metadata.annotations["scaledobject.keda.sh/transfer-hpa-ownership"]).toBe("true");
    expect(spec.advanced.horizontalPodAutoscalerConfig.name).toBe("moodle-web");
    expect(only(byProcessors, "HorizontalPodAutoscaler", "moodle-web").metadata.name).toBe("moodle-web");
  });

  test("are as many as the autoscaler says", () => {
    for (const objects of [byProcessors, byWorkers]) {
      expect(only(objects, "Deployment", "moodle-web").spec).not.toHaveProperty("replicas");
    }
  });

  test("are of a fixed number where the least is the most, autoscaling or not", async () => {
    const web = { ...everything.web, minReplicas: 3, maxReplicas: 3 };
    const fixed = await render(site("sites", { web, monitoring: everything.monitoring }));
    expect(only(fixed, "Deployment", "moodle-web").spec.replicas).toBe(3);
    expect(kinds(fixed)).not.toEqual(expect.arrayContaining([expect.stringMatching(/Autoscaler|ScaledObject/)]));
  });

  test("end when requests have ended: the load balancer hears of it first, then nginx ends, then PHP-FPM", () => {
    const { terminationGracePeriodSeconds, containers } = only(byProcessors, "Deployment", "moodle-web").spec.template
      .spec;
    const [nginx, fpm] = ["nginx", "php-fpm"].map(
      (name) => containers.find((one: Resource) => one.name === name).lifecycle.preStop,
    );
    expect(nginx).toEqual({ sleep: { seconds: 30 } });
    expect(fpm.exec.command.join(" ")).toBe("bash -c sleep 30; while [ -e /run/moodle/nginx.pid ]; do sleep 1; done");
    const { values } = synthesize(site("sites"));
    expect(values.web.requestTimeoutSeconds).toBeUndefined();
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30 + 300);
  });

  test("go down to none on Knative alone", async () => {
    const { values } = synthesize(site("sites"));
    const web = { ...values.web, minReplicas: 0 };
    await expect(template("moodle", { ...values, web })).rejects.toThrow(/minReplicas/);
  });

  test("are not scaled by what nothing counts", async () => {
    const { values } = synthesize(site("sites", everything));
    await expect(template("moodle", { ...values, monitoring: undefined })).rejects.toThrow(/set monitoring.namespace/);
  });

  test("are counted for this site alone", async () => {
    const { values } = synthesize(site("sites", { ...everything, route: ports.ingress }));
    const objects = objectsOf(await template("learn-2", values, "faculty"));
    const { query } = only(objects, "ScaledObject", "learn-2-web").spec.triggers[0].metadata;
    expect(query).not.toMatch(/NAMESPACE|RELEASE/);
    expect(query.match(/namespace="faculty", job="learn-2"/g)).toHaveLength(6);
  });
});
