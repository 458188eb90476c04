/** What runs in a cluster, on any cloud. */
export * from "./backup-cron-jobs";
export * from "./database-roles";
export * from "./external-secrets";
export * from "./fpm-children";
export * from "./ingress";
export * from "./moodle-web";
export * from "./platform-namespace";
