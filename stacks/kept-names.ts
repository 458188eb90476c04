/** A kind of resource whose name a cloud keeps after the resource is gone. */
export interface KeptName {
  readonly type: string;
  /** The argument that holds the name. */
  readonly argument: string;
  /** How long the name cannot be used again. */
  readonly kept: string;
  /**
   * What makes a second deploy possible: the environment's `incarnation` is in the name, or the resource lives in
   * bootstrap, which is never destroyed.
   */
  readonly answer: "incarnation" | "bootstrap";
}

/** `docs/names.md` is generated from here, and a test holds the stacks to it. */
export const KEPT_NAMES: readonly KeptName[] = [
  {
    type: "aws_cloudwatch_log_group",
    argument: "name",
    kept: "EKS and RDS make a missing log group anew, after Terraform has deleted it",
    answer: "incarnation",
  },
  {
    type: "aws_db_instance",
    argument: "identifier",
    kept: "its final snapshot's name is taken as long as the snapshot exists",
    answer: "incarnation",
  },
  {
    type: "aws_rds_cluster",
    argument: "cluster_identifier",
    kept: "its final snapshot's name is taken as long as the snapshot exists",
    answer: "incarnation",
  },
  {
    type: "aws_secretsmanager_secret",
    argument: "name",
    kept: "the recovery window: 30 days where protected, none where disposable",
    answer: "incarnation",
  },
  { type: "google_sql_database_instance", argument: "name", kept: "a week", answer: "incarnation" },
  { type: "google_logging_project_bucket_config", argument: "bucket_id", kept: "7 days", answer: "incarnation" },
  { type: "google_kms_key_ring", argument: "name", kept: "for ever", answer: "bootstrap" },
  { type: "google_kms_crypto_key", argument: "name", kept: "for ever", answer: "bootstrap" },
  {
    type: "google_iam_workload_identity_pool",
    argument: "workload_identity_pool_id",
    kept: "30 days",
    answer: "bootstrap",
  },
  {
    type: "google_iam_workload_identity_pool_provider",
    argument: "workload_identity_pool_provider_id",
    kept: "30 days",
    answer: "bootstrap",
  },
  { type: "google_project_iam_custom_role", argument: "role_id", kept: "37 days", answer: "bootstrap" },
];
