/** Metrics that exist, each list with the source that it was read from. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface MetricSource {
  readonly source: string;
  readonly names: readonly string[];
}

export const KNOWN_METRICS: readonly MetricSource[] = [
  {
    source: "PHP-FPM's status?openmetrics: https://github.com/php/php-src/blob/PHP-8.2/sapi/fpm/fpm/fpm_status.c",
    names: [
      "phpfpm_up",
      "phpfpm_start_since",
      "phpfpm_accepted_connections",
      "phpfpm_idle_processes",
      "phpfpm_active_processes",
      "phpfpm_total_processes",
      "phpfpm_max_active_processes",
      "phpfpm_max_children_reached",
      "phpfpm_slow_requests",
      // phpfpm_listen_queue, phpfpm_max_listen_queue and phpfpm_listen_queue_length are 0 on a Unix socket: of no use.
    ],
  },
  {
    source: "https://github.com/nginx/nginx-prometheus-exporter/blob/v1.5.3/collector/nginx.go",
    names: [
      "nginx_up",
      "nginx_connections_accepted",
      "nginx_connections_active",
      "nginx_connections_handled",
      "nginx_connections_reading",
      "nginx_connections_waiting",
      "nginx_connections_writing",
      "nginx_http_requests_total",
    ],
  },
  { source: "images/moodle/commands/site-metrics.php", names: imageMetrics() },
  {
    source: "https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics/workload",
    names: [
      "kube_deployment_created",
      "kube_deployment_spec_replicas",
      "kube_deployment_status_replicas_ready",
      "kube_horizontalpodautoscaler_spec_max_replicas",
      "kube_horizontalpodautoscaler_status_desired_replicas",
      "kube_job_complete",
      "kube_job_failed",
      "kube_job_status_active",
      "kube_job_status_failed",
      "kube_pod_container_status_restarts_total",
      "kube_statefulset_status_replicas_ready",
    ],
  },
  {
    source: "https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/kubelet/metrics/collectors/volume_stats.go",
    names: ["kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes"],
  },
  {
    source: "https://github.com/google/cadvisor/blob/v0.53.0/metrics/prometheus.go",
    names: ["container_cpu_usage_seconds_total", "container_memory_working_set_bytes"],
  },
  {
    source: "KServe's Python servers: https://github.com/kserve/kserve/blob/v0.20.0/python/kserve/kserve/metrics.py",
    names: ["request_predict_seconds_bucket", "request_predict_seconds_count"],
  },
  {
    source: "https://github.com/triton-inference-server/server/blob/main/docs/user_guide/metrics.md",
    names: ["nv_inference_request_duration_us", "nv_inference_request_failure", "nv_inference_request_success"],
  },
  {
    source: "https://github.com/NVIDIA/dcgm-exporter/blob/main/etc/default-counters.csv",
    names: ["DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_UTIL"],
  },
  {
    source: "https://github.com/cert-manager/cert-manager/blob/v1.21.1/internal/collectors/certificate_collector.go",
    names: [
      "certmanager_certificate_expiration_timestamp_seconds",
      "certmanager_certificate_ready_status",
      "certmanager_certificate_renewal_timestamp_seconds",
    ],
  },
  { source: "Prometheus itself, of every target", names: ["up"] },
];

function imageMetrics(): string[] {
  const program = readFileSync(join(__dirname, "../../images/moodle/commands/site-metrics.php"), "utf8");
  return [...new Set(Array.from(program.matchAll(/->gauge\('([a-z_]+)'/g), ([, name = ""]) => `moodle_${name}`))];
}
