import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Resource } from "../support/template";
import { CHART, containersOf, everything, only, render, site } from "./support/moodle-site";
import { describeOnTestbed } from "./support/testbed";

describeOnTestbed("monitoring of charts/moodle", () => {
  let objects: Resource[];
  beforeAll(async () => {
    objects = await render(site("sites", everything));
  });

  test("is not there where nothing watches", async () => {
    const plain = await render(site("sites"));
    expect(plain.map(({ kind }) => kind)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/PodMonitor|PrometheusRule/)]),
    );
    expect(JSON.stringify(plain)).not.toMatch(/exporter|moodle-metrics|moodle-dashboard/);
  });

  test("scrapes ports that pods of the site have", () => {
    const { podMetricsEndpoints, selector, jobLabel } = only(objects, "PodMonitor", "moodle").spec;
    const templates = objects.flatMap(({ spec }) => (spec?.template?.metadata ? [spec.template] : []));
    for (const { metadata } of templates) expect(metadata.labels).toMatchObject(selector.matchLabels);
    const open = objects
      .flatMap(({ spec }) => containersOf(spec))
      .flatMap(({ ports = [] }) => ports.map(({ name, containerPort }: Resource) => [name, containerPort]));
    expect(podMetricsEndpoints).toEqual([
      { port: "internal", path: "/metrics/php-fpm", interval: "15s" },
      { port: "nginx-metrics", interval: "15s" },
      { port: "metrics", interval: "30s" },
    ]);
    expect(open).toEqual(
      expect.arrayContaining([
        ["internal", 8081],
        ["nginx-metrics", 9113],
        ["metrics", 9180],
      ]),
    );
    expect(jobLabel).toBe("app.kubernetes.io/instance");
  });

  test("carries the labels by which Prometheus finds it", () => {
    for (const kind of ["PodMonitor", "PrometheusRule"]) {
      expect(only(objects, kind, "moodle").metadata.labels).toMatchObject({
        release: "prometheus",
        "app.kubernetes.io/name": "moodle",
      });
    }
  });

  test("reads nginx's own figures from within the pod", () => {
    const [exporter] = containersOf(only(objects, "Deployment", "moodle-web").spec).filter(
      ({ name }) => name === "exporter",
    );
    expect(exporter?.args).toEqual(["--nginx.scrape-uri=http://127.0.0.1:8081/stub_status"]);
    expect(exporter?.image).toMatch(/^docker.io\/nginx\/nginx-prometheus-exporter:/);
    expect(exporter).not.toHaveProperty("volumeMounts");
  });

  test("asks the database by one pod alone", () => {
    expect(only(objects, "Deployment", "moodle-metrics").spec.replicas).toBe(1);
  });

  test("brings every alert of the file, for this site", () => {
    const [group] = only(objects, "PrometheusRule", "moodle").spec.groups;
    expect(group.name).toBe("moodle-sites-moodle");
    expect(group.rules.length).toBeGreaterThan(12);
    expect(JSON.stringify(group)).not.toMatch(/NAMESPACE|RELEASE/);
    // Prometheus' own templates come through Helm unharmed.
    expect(JSON.stringify(group)).toContain("{{ $labels.job_name }}");
  });

  test("brings a dashboard that Grafana's sidecar finds and that is JSON", () => {
    const { metadata, data } = only(objects, "ConfigMap", "moodle-dashboard");
    expect(metadata.labels.grafana_dashboard).toBe("1");
    const { title, panels, uid } = JSON.parse(data["sites-moodle.json"]);
    // Grafana takes 40 characters at most, and a site keeps its own, so that links last.
    expect(uid).toMatch(/^moodle-[0-9a-f]{12}$/);
    expect(title).toBe("Moodle: moodle in sites");
    expect(new Set(panels.map(({ id }: Resource) => id)).size).toBe(panels.length);
  });

  test("has a guide whose commands name what is there", () => {
    const guide = readFileSync(join(CHART, "../../docs/moodle-operation.md"), "utf8");
    const named = Array.from(guide.matchAll(/\b(deployment|statefulset)\/(moodle-\w+)(?: --container ([a-z-]+))?/g));
    expect(named.length).toBeGreaterThan(3);
    for (const [, kind = "", name = "", container] of named) {
      const { spec } = only(objects, kind === "deployment" ? "Deployment" : "StatefulSet", name);
      if (container !== undefined) expect(containersOf(spec).map((one) => one.name)).toContain(container);
    }
  });
});
