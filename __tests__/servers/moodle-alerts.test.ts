/**
 * The alert rules of charts/moodle and the query that scales its web pods, as Prometheus evaluates them. `promtool` is
 * in Debian's package `prometheus`.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { describeWithPromtool, firing, ONE, Rules, type Series } from "./support/promtool";

const files = resolve(__dirname, "../../charts/moodle/files");
const rules = join(files, "alerts.yaml");
const prometheus = new Rules(readFileSync(rules, "utf8"));

const site = 'namespace="NAMESPACE", job="RELEASE"';
const moodle = (name: string, labels = "", of = "metrics") => `${name}{${site}${labels}, pod="${of}"}`;
const pod = (name: string, of = "a") => `${name}{${site}, pod="${of}"}`;
const kube = (name: string, labels: string) => `${name}{namespace="NAMESPACE", ${labels}}`;
const deployment = (name: string, of = "RELEASE-web") => kube(`kube_deployment_${name}`, `deployment="${of}"`);
const revision = (name: string, number: number) => deployment(name, `RELEASE-web-0000${number}-deployment`);
const install = (name: string) => kube(`kube_job_${name}`, 'job_name="RELEASE-install-1"');
const redis = (use: string) => moodle("moodle_redis_up", `, use="${use}"`);
const hpa = (name: string) => kube(`kube_horizontalpodautoscaler_${name}`, 'horizontalpodautoscaler="RELEASE-web"');

/** For each alert a state of the site at which it must fire, and one, close by, at which it must not. */
const CASES: Readonly<Record<string, { readonly at: string; readonly fires: Series; readonly silent: Series }>> = {
  MoodleDown: {
    at: "10m",
    fires: { [moodle("moodle_up")]: "1 0x20" },
    silent: { [moodle("moodle_up")]: "0 0 1x20" },
  },
  MoodleSessionsDown: {
    at: "10m",
    fires: { [redis("sessions")]: "1 0x20", [redis("cache")]: "1x20" },
    silent: { [redis("sessions")]: "0 0 1x20", [redis("cache")]: "0x20" },
  },
  MoodleCacheDown: {
    at: "10m",
    fires: { [redis("sessions")]: "1x20", [redis("cache")]: "1 0x20" },
    silent: { [redis("sessions")]: "0x20", [redis("cache")]: "0x4 1x20" },
  },
  MoodleNoReadyWebPods: {
    at: "10m",
    fires: { [deployment("status_replicas_ready")]: "2 0x20", [deployment("created")]: "0x20" },
    // A first installation, and another site's trouble.
    silent: {
      [deployment("status_replicas_ready")]: "0x20",
      [deployment("created")]: "0x20",
      [deployment("status_replicas_ready", "OTHER-web")]: "2 0x20",
    },
  },
  MoodleNoWebPodStarts: {
    at: "20m",
    fires: {
      [revision("spec_replicas", 1)]: "0x4 2x30",
      [revision("status_replicas_ready", 1)]: "0x40",
      [install("status_active")]: "0x40",
    },
    // The revision before serves, while the first pod of the next one does not start.
    silent: {
      [revision("spec_replicas", 1)]: "2x40",
      [revision("status_replicas_ready", 1)]: "2x40",
      [revision("spec_replicas", 2)]: "1x40",
      [revision("status_replicas_ready", 2)]: "0x40",
    },
  },
  MoodleRequestsQueue: {
    at: "10m",
    fires: {
      [pod("phpfpm_active_processes")]: "16x20",
      [pod("phpfpm_total_processes")]: "16x20",
      [pod("nginx_connections_writing")]: "20x20",
      [pod("phpfpm_active_processes", "b")]: "2x20",
      [pod("phpfpm_total_processes", "b")]: "16x20",
      [pod("nginx_connections_writing", "b")]: "3x20",
    },
    // Downloads that nginx sends by itself wait for no worker.
    silent: {
      [pod("phpfpm_active_processes")]: "2x20",
      [pod("phpfpm_total_processes")]: "16x20",
      [pod("nginx_connections_writing")]: "90x20",
      [pod("phpfpm_active_processes", "b")]: "16x20",
      [pod("phpfpm_total_processes", "b")]: "16x20",
      [pod("nginx_connections_writing", "b")]: "16x20",
    },
  },
  MoodleAutoscalerAtMaximum: {
    at: "20m",
    fires: { [hpa("status_desired_replicas")]: "10x30", [hpa("spec_max_replicas")]: "10x30" },
    silent: { [hpa("status_desired_replicas")]: "10x10 9x30", [hpa("spec_max_replicas")]: "10x40" },
  },
  MoodleInstallRetries: {
    at: "5m",
    fires: { [kube("kube_job_status_failed", 'job_name="RELEASE-install-1"')]: "3x10" },
    silent: {
      [kube("kube_job_status_failed", 'job_name="RELEASE-install-1"')]: "3x10",
      [kube("kube_job_complete", 'job_name="RELEASE-install-1", condition="true"')]: "1x10",
      [kube("kube_job_status_failed", 'job_name="RELEASE-install-2"')]: "2x10",
    },
  },
  MoodleInstallRefused: {
    at: "5m",
    fires: { [kube("kube_job_failed", 'job_name="RELEASE-install-1", condition="true"')]: "1x10" },
    silent: { [kube("kube_job_failed", 'job_name="RELEASE-install-1", condition="false"')]: "1x10" },
  },
  MoodleMaintenanceForgotten: {
    at: "250m",
    fires: { [moodle("moodle_maintenance")]: "1x300" },
    silent: { [moodle("moodle_maintenance")]: "1x200 0 1x100" },
  },
  MoodleCronLate: {
    at: "10m",
    fires: { [moodle("moodle_cron_lag_seconds")]: "901+60x20" },
    silent: { [moodle("moodle_cron_lag_seconds")]: "850+10x9 0+60x20" },
  },
  MoodleAdhocQueueOld: {
    at: "20m",
    fires: { [moodle("moodle_adhoc_tasks_oldest_seconds")]: "3601+60x30" },
    silent: { [moodle("moodle_adhoc_tasks_oldest_seconds")]: "3600x30" },
  },
  MoodleTasksFail: {
    at: "70m",
    fires: {
      [moodle("moodle_tasks_failing", ', type="adhoc"')]: "1x80",
      [moodle("moodle_tasks_failing", ', type="scheduled"')]: "0x80",
    },
    silent: { [moodle("moodle_tasks_failing", ', type="adhoc"')]: "1x40 0 1x60" },
  },
  MoodleReplicaDown: {
    at: "10m",
    fires: {
      [moodle("moodle_replica_up", ', host="r1"')]: "0x20",
      [moodle("moodle_replica_up", ', host="r2"')]: "1x20",
    },
    silent: { [moodle("moodle_replica_up", ', host="r1"')]: "0x4 1x20" },
  },
  MoodleReplicaLags: {
    at: "20m",
    fires: { [moodle("moodle_replica_lag_seconds", ', host="r"')]: "70 120 65 100 90 70 120 65 100 90 70x20" },
    // Asked just between the two, for all that it is seconds behind.
    silent: { [moodle("moodle_replica_lag_seconds", ', host="r"')]: "0x9 90 0x9 90 0x9 90" },
  },
  MoodleFilesStayLocal: {
    at: "370m",
    fires: { [moodle("moodle_objectfs_objects", ', location="local"')]: "2000+1x400" },
    // A course was restored, and its files leave.
    silent: {
      [moodle("moodle_objectfs_objects", ', location="local"')]: "9000-10x400",
      [moodle("moodle_objectfs_objects", ', location="external"')]: "2000+1x400",
    },
  },
  MoodleFilesMissing: {
    at: "40m",
    fires: { [moodle("moodle_objectfs_objects", ', location="error"')]: "1x60" },
    silent: { [moodle("moodle_objectfs_objects", ', location="local"')]: "1x60" },
  },
  MoodleVolumeFull: {
    at: "20m",
    fires: {
      [kube("kubelet_volume_stats_available_bytes", 'persistentvolumeclaim="RELEASE-data"')]: "9x30",
      [kube("kubelet_volume_stats_capacity_bytes", 'persistentvolumeclaim="RELEASE-data"')]: "100x30",
    },
    silent: {
      [kube("kubelet_volume_stats_available_bytes", 'persistentvolumeclaim="RELEASE-data"')]: "10x30",
      [kube("kubelet_volume_stats_capacity_bytes", 'persistentvolumeclaim="RELEASE-data"')]: "100x30",
    },
  },
  MoodleAntivirusDown: {
    at: "15m",
    fires: { [kube("kube_statefulset_status_replicas_ready", 'statefulset="RELEASE-antivirus"')]: "1 0x20" },
    silent: { [kube("kube_statefulset_status_replicas_ready", 'statefulset="RELEASE-antivirus"')]: "0x8 1x20" },
  },
  MoodlePodsRestart: {
    at: "30m",
    fires: { [kube("kube_pod_container_status_restarts_total", 'pod="RELEASE-web-1", container="php-fpm"')]: "0+1x30" },
    silent: {
      [kube("kube_pod_container_status_restarts_total", 'pod="RELEASE-web-1", container="php-fpm"')]: "0x20 1x20",
      [kube("kube_pod_container_status_restarts_total", 'pod="RELEASE-2-web-1", container="php-fpm"')]: "0+1x30",
    },
  },
  MoodleNotWatched: {
    at: "15m",
    // Web pods that are scraped tell nothing of cron or the database.
    fires: {
      [moodle("moodle_code_version")]: "1 1 stale",
      [pod("up", "web")]: "1x20",
      [pod("up", "metrics")]: "1 1 0x20",
    },
    // At night a serverless site has no other pod.
    silent: { [moodle("moodle_code_version")]: "1x20" },
  },
};

/** What pod `a` has told of for the first `minutes`, and its successor then, after a gap of two minutes. */
const handedOver = (name: string, labels: string, value: number, minutes: number): Series => ({
  [moodle(name, labels, "a")]: `${value}x${minutes - 1} stale`,
  [moodle(name, labels, "b")]: `_x${minutes + 1} ${value}x2000`,
});

describeWithPromtool("Prometheus, on the rules of charts/moodle", () => {
  const alerts: string[] = parse(readFileSync(rules, "utf8")).groups[0].rules.map(
    ({ alert }: { alert: string }) => alert,
  );

  test("would say so if it were otherwise", () => {
    const { fires, at } = CASES.MoodleDown ?? { fires: {}, at: "" };
    expect(prometheus.evaluate(fires, firing("MoodleDown"), at, [])).toContain("FAILED");
    expect(prometheus.evaluate({}, firing("MoodleDown"), at, ONE)).toContain("FAILED");
  });

  test("finds every alert tested", () => {
    expect(Object.keys(CASES)).toEqual(alerts);
  });

  test.each(Object.entries(CASES))("fires %s when it must", (alert, { at, fires }) => {
    expect(prometheus.evaluate(fires, firing(alert), at, ONE)).toBe("as expected");
  });

  test.each(Object.entries(CASES))("keeps %s silent when it must", (alert, { at, silent }) => {
    expect(prometheus.evaluate(silent, firing(alert), at, [])).toBe("as expected");
  });

  describe("of an outage that goes on", () => {
    const outage = { [deployment("status_replicas_ready")]: "2 0x3000", [deployment("created")]: "0x3000" };
    // What kube-state-metrics tells comes by another of its pods from the fifth minute on.
    const [ready, replaced] = ["10.0.0.1", "10.0.0.2"].map((address) =>
      kube("kube_deployment_status_replicas_ready", `deployment="RELEASE-web", instance="${address}"`),
    ) as [string, string];

    test.each<[string, string, Series, string]>([
      ["MoodleNoReadyWebPods", "for two days", outage, "48h"],
      [
        "MoodleNoReadyWebPods",
        "while kube-state-metrics starts anew",
        { [ready]: "2 0x4 stale", [replaced]: "_x5 0x20" },
        "10m",
      ],
    ])("goes on with %s %s", (alert, _, series, at) => {
      expect(prometheus.evaluate(series, firing(alert), at, ONE)).toBe("as expected");
    });

    test("begins with MoodleNoReadyWebPods where an installation has not come to its end within the hour", () => {
      const never = { [deployment("status_replicas_ready")]: "0x80", [deployment("created")]: "0x80" };
      expect(prometheus.evaluate(never, firing("MoodleNoReadyWebPods"), "60m", [])).toBe("as expected");
      expect(prometheus.evaluate(never, firing("MoodleNoReadyWebPods"), "65m", ONE)).toBe("as expected");
    });

    test.each<[string, Series, string]>([
      ["MoodleMaintenanceForgotten", handedOver("moodle_maintenance", "", 1, 200), "245m"],
      ["MoodleTasksFail", handedOver("moodle_tasks_failing", ', type="adhoc"', 3, 40), "65m"],
    ])("comes to %s in time, whichever metrics pod tells of it", (alert, series, at) => {
      expect(prometheus.evaluate(series, firing(alert), at, ONE)).toBe("as expected");
    });

    test("comes to MoodleVolumeFull in time, whichever node tells of it", () => {
      const told = (node: string, values: (value: number) => string): Series => {
        const volume = `persistentvolumeclaim="RELEASE-data", node="${node}"`;
        return {
          [kube("kubelet_volume_stats_available_bytes", volume)]: values(9),
          [kube("kubelet_volume_stats_capacity_bytes", volume)]: values(100),
        };
      };
      const series = { ...told("a", (value) => `${value}x9 stale`), ...told("b", (value) => `_x5 ${value}x30`) };
      expect(prometheus.evaluate(series, firing("MoodleVolumeFull"), "16m", ONE)).toBe("as expected");
    });

    test("does not come to MoodleFilesStayLocal by a new metrics pod that sees the hourly figure for the first time", () => {
      const series = {
        [moodle("moodle_objectfs_objects", ', location="local"', "a")]: "9000-10x399 stale",
        [moodle("moodle_objectfs_objects", ', location="local"', "b")]: "_x400 5000x5 5010x100",
      };
      expect(prometheus.evaluate(series, firing("MoodleFilesStayLocal"), "410m", [])).toBe("as expected");
    });
  });

  describe("of a serverless site", () => {
    const wanted = { [revision("spec_replicas", 1)]: "1x60", [revision("status_replicas_ready", 1)]: "0x60" };

    test.each<[string, Series]>([
      ["at night, when no pod is wanted", { ...wanted, [revision("spec_replicas", 1)]: "0x60" }],
      ["while the first pod waits for the installation", { ...wanted, [install("status_active")]: "1x60" }],
      ["while the installation pauses between two tries", { ...wanted, [install("status_active")]: "1x30 0x6 1x60" }],
      ["of a site with a Deployment, which has an alert of its own", { [deployment("status_replicas_ready")]: "0x60" }],
    ])("keeps MoodleNoWebPodStarts silent %s", (_, series) => {
      expect(prometheus.evaluate(series, firing("MoodleNoWebPodStarts"), "45m", [])).toBe("as expected");
    });

    test("fires MoodleNoWebPodStarts once however many revisions want pods", () => {
      const both = {
        ...wanted,
        [revision("spec_replicas", 2)]: "1x60",
        [revision("status_replicas_ready", 2)]: "0x60",
      };
      expect(prometheus.evaluate(both, firing("MoodleNoWebPodStarts"), "45m", ONE)).toBe("as expected");
    });
  });

  test("tells of scheduled tasks that break while ad-hoc ones have been failing for long", () => {
    const series = {
      [moodle("moodle_tasks_failing", ', type="adhoc"')]: "4x500",
      [moodle("moodle_tasks_failing", ', type="scheduled"')]: "0x300 1x200",
    };
    const alerts = "count by (type) (ALERTS{alertname='MoodleTasksFail', alertstate='firing'})";
    const of = (type: string) => ({ labels: `{type="${type}"}`, value: 1 });
    expect(prometheus.evaluate(series, alerts, "5h", [of("adhoc")])).toBe("as expected");
    expect(prometheus.evaluate(series, alerts, "7h", [of("adhoc"), of("scheduled")])).toBe("as expected");
  });

  test("keeps MoodleCronLate silent while maintenance mode is on", () => {
    const late = { [moodle("moodle_cron_lag_seconds")]: "901+60x20", [moodle("moodle_maintenance")]: "1x20" };
    expect(prometheus.evaluate(late, firing("MoodleCronLate"), "10m", [])).toBe("as expected");
  });

  test("tells how long ago cron began in words", () => {
    const exp_annotations = {
      summary: "Cron of RELEASE in NAMESPACE is late.",
      description: "The last scheduled task ran 2h 0m 0s ago. Mails, grades and files wait.",
      runbook: "docs/moodle-operation.md#moodlecronlate",
    };
    const exp_alerts = [{ exp_labels: { severity: "critical" }, exp_annotations }];
    expect(
      prometheus.test(
        { [moodle("moodle_cron_lag_seconds")]: "7200x20" },
        { alert_rule_test: [{ eval_time: "10m", alertname: "MoodleCronLate", exp_alerts }] },
      ),
    ).toBe("as expected");
  });

  describe("in the query that scales web pods", () => {
    const query = readFileSync(join(files, "busy-workers.promql"), "utf8");
    const web = (of: string, active: number, writing: number): Series => ({
      [pod("phpfpm_active_processes", of)]: `${active}x5`,
      [pod("phpfpm_total_processes", of)]: "16x5",
      [pod("nginx_connections_writing", of)]: `${writing}x5`,
    });

    test.each<[string, Series, number]>([
      ["half of the workers of two pods are one pod's", { ...web("a", 8, 8), ...web("b", 8, 8) }, 100],
      ["requests that wait count as if they had workers", { ...web("a", 16, 40), ...web("b", 16, 40) }, 500],
      ["downloads beside idle workers do not count", { ...web("a", 2, 40), ...web("b", 2, 2) }, 25],
      ["nobody there is none", web("a", 0, 1), 0],
    ])("%s", (_, series, percent) => {
      expect(prometheus.evaluate(series, query, "5m", [{ labels: "{}", value: percent }])).toBe("as expected");
    });

    test("no answer of any pod is no answer, not zero", () => {
      expect(prometheus.evaluate({ [pod("up")]: "1x5" }, query, "5m", [])).toBe("as expected");
    });
  });
});
