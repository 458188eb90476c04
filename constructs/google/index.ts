/** `moodle-platform/google`: constructs in Google Cloud's own terms. The parts that they are made of are not exported. */
export * from "./artifact-registry";
export { grantBackups } from "./backup-grants";
export * from "./budget-alarm";
export * from "./ci-identities";
export * from "./cloud-sql-database";
export * from "./custom-roles";
export * from "./filestore";
export * from "./gateway-edge";
export * from "./gcs-bucket";
export * from "./gke-cluster";
export * from "./google-workload-identity";
export * from "./gpu-node-pool";
export * from "./key-ring";
export * from "./memorystore-redis";
export * from "./network";
export * from "./object-store-key";
export * from "./project-services";
export * from "./secret-manager-secret";
