/** What runs in a cluster, on any cloud. */
export * from "./analytics-server";
export {
  BackupCronJobs,
  type BackupCronJobsProps,
  type BackupIdentities,
  type BackupRetention,
  type BackupSchedules,
} from "./backup-cron-jobs";
export * from "./cert-manager";
export * from "./container-logs";
export * from "./contour";
export * from "./database-roles";
export * from "./drill-gate";
export * from "./edge-binding";
export * from "./external-secrets";
export * from "./fpm-children";
export * from "./inference-model";
export * from "./inference-services";
export * from "./ingress";
export * from "./ingress-controller";
export * from "./istio";
export * from "./keda";
export * from "./knative";
export * from "./knative-contour";
export * from "./kserve";
export * from "./model-cache";
export * from "./model-rollout";
export * from "./model-rollout-policy";
export * from "./monitoring";
export * from "./moodle-operator";
export * from "./moodle-web";
export * from "./nginx-ingress";
export * from "./platform-namespace";
export * from "./traefik";
