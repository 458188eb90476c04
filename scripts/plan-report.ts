/** A Terraform plan as a comment on a pull request. Addresses and names of attributes go in, values never do. */

/** The parts of `terraform show -json` that a comment needs. */
export interface Plan {
  readonly errored?: boolean;
  readonly resource_changes?: readonly ResourceChange[];
}

interface ResourceChange {
  readonly address: string;
  readonly previous_address?: string;
  readonly type: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: Attributes | null;
    readonly after: Attributes | null;
    readonly after_unknown?: Attributes;
    readonly replace_paths?: readonly (readonly (string | number)[])[];
  };
}

type Attributes = Readonly<Record<string, unknown>>;
type Action = "destroy" | "replace" | "change" | "add" | "forget" | "move";

export interface Report {
  readonly markdown: string;
  /** Whether protected data would be destroyed or replaced, and nobody has allowed it. */
  readonly refused: boolean;
}

/** GitHub refuses a comment of 65,536 characters or more. */
export const COMMENT_LIMIT = 65_000;

/** What is lost with a resource of each kind. What is not named here can be made again from the program. */
const PROTECTED: Readonly<Record<string, string>> = {
  aws_db_instance: "the database",
  aws_rds_cluster: "the database",
  google_sql_database_instance: "the database",
  google_sql_database: "the database",
  aws_s3_bucket: "the files in the bucket",
  google_storage_bucket: "the files in the bucket",
  aws_efs_file_system: "the shared files",
  google_filestore_instance: "the shared files",
  aws_kms_key: "all that is encrypted with the key",
  google_kms_crypto_key: "all that is encrypted with the key",
  google_kms_key_ring: "all that is encrypted with the ring's keys",
  aws_elasticache_replication_group: "every session: users are logged out",
  google_redis_instance: "every session: users are logged out",
  aws_secretsmanager_secret: "the secret, which nothing else holds",
  google_secret_manager_secret: "the secret, which nothing else holds",
  aws_eks_cluster: "everything in the cluster, its volumes too",
  google_container_cluster: "everything in the cluster, its volumes too",
  kubernetes_namespace: "everything in the namespace, its volume claims too",
  kubernetes_namespace_v1: "everything in the namespace, its volume claims too",
  kubernetes_persistent_volume_claim: "the files of the claim",
  kubernetes_persistent_volume_claim_v1: "the files of the claim",
  kubernetes_persistent_volume: "the files of the volume",
  kubernetes_persistent_volume_v1: "the files of the volume",
  aws_ecr_repository: "the images that run",
  google_artifact_registry_repository: "the images that run",
  aws_dynamodb_table: "the lock of Terraform's state",
  aws_lb: "the site's way in: nobody reaches it until the new one serves",
  aws_cloudfront_distribution: "the site's way in: nobody reaches it until the new one serves",
  google_iam_workload_identity_pool: "CI's way in, and the name for 30 days",
  google_iam_workload_identity_pool_provider: "CI's way in, and the name for 30 days",
  google_project_iam_custom_role: "the role of whoever holds it, and the name for weeks",
};

/** First line of a comment, by which the next run finds it. */
export function marker(stack: string): string {
  return `<!-- moodle-platform: plan ${stack} -->`;
}

export function reportPlan(stack: string, plan: Plan, { allowDestroy = false } = {}): Report {
  const changes = (plan.resource_changes ?? []).flatMap((resource) => {
    const action = actionOf(resource);
    return action === undefined ? [] : [{ resource, action, lost: lossOf(resource, action) }];
  });
  const of = (...actions: Action[]) => changes.filter(({ action }) => actions.includes(action));
  const losses = changes.filter(({ lost }) => lost !== undefined);
  const refused = losses.length > 0 && !allowDestroy;
  const counts = [
    `${of("add").length} to add`,
    `${of("change").length} to change`,
    `${of("destroy").length} to destroy`,
    `${of("replace").length} to replace`,
    ...(of("forget").length === 0 ? [] : [`${of("forget").length} to forget`]),
  ];
  const lines = [
    marker(stack),
    changes.length === 0 ? `### ${stack}: no changes` : `### ${stack}: ${counts.join(", ")}`,
    ...(plan.errored ? ["", "The plan ended in an error and is not complete: see the log of the job."] : []),
    ...(losses.length === 0 ? [] : ["", ...verdict(losses.length, refused)]),
    ...table(["", "resource", "what is lost"], losses, ({ resource, action, lost = "" }) => [
      action,
      code(resource.address),
      `${lost}${forcedBy(resource)}`,
    ]),
    ...table(
      ["", "resource", "because of"],
      of("destroy", "replace").filter(({ lost }) => lost === undefined),
      ({ resource, action }) => [action, code(resource.address), forcedBy(resource).replace(/^, because of /, "")],
    ),
    ...folded("To change", of("change"), ({ resource }) => `${code(resource.address)}${changedAttributes(resource)}`),
    ...folded("To add", of("add"), ({ resource }) => code(resource.address)),
    ...folded("To forget", of("forget"), ({ resource }) => code(resource.address)),
    ...folded(
      "Moved",
      of("move"),
      ({ resource }) => `${code(resource.previous_address ?? "")} to ${code(resource.address)}`,
    ),
  ];
  return { markdown: shorten(lines), refused };
}

/** The comment where there is no plan to show, because the identity that plans, or the state's bucket, is missing. */
export function reportNotDeployed(stack: string, missing: "identity" | "state"): string {
  const reason = {
    identity: "The identity that plans could not be taken: it comes with the bootstrap stack.",
    state: "The bucket of its state does not exist: it comes with the bootstrap stack.",
  }[missing];
  return [marker(stack), `### ${stack}: not deployed yet`, "", reason].join("\n");
}

/** The comment where planning failed. Why it failed may hold values, so it stays in the log. */
export function reportFailed(stack: string): string {
  return [marker(stack), `### ${stack}: the plan failed`, "", "See the log of the job."].join("\n");
}

function actionOf({ change: { actions }, previous_address, address }: ResourceChange): Action | undefined {
  if (actions.includes("delete")) return actions.includes("create") ? "replace" : "destroy";
  if (actions.includes("create")) return "add";
  if (actions.includes("update")) return "change";
  if (actions.includes("forget")) return "forget";
  return previous_address !== undefined && previous_address !== address ? "move" : undefined;
}

function lossOf({ type, change: { before } }: ResourceChange, action: Action): string | undefined {
  const isReplica = Boolean(before?.replicate_source_db) || Boolean(before?.master_instance_name);
  return (action === "destroy" || action === "replace") && !isReplica ? PROTECTED[type] : undefined;
}

function verdict(count: number, refused: boolean): string[] {
  const things = count === 1 ? "One protected resource" : `${count} protected resources`;
  return [
    refused ? "> [!CAUTION]" : "> [!WARNING]",
    refused
      ? `> ${things} would be lost. Where that is meant, label the pull request \`allow-destroy\`.`
      : `> ${things} will be lost, as the label \`allow-destroy\` allows.`,
  ];
}

function forcedBy({ change: { replace_paths = [] } }: ResourceChange): string {
  const paths = replace_paths.map((path) =>
    code(
      path.map((step, index) => (typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`)).join(""),
    ),
  );
  return paths.length === 0 ? "" : `, because of ${paths.join(", ")}`;
}

function changedAttributes({ change: { before, after, after_unknown } }: ResourceChange): string {
  const names = new Set([
    ...Object.keys(before ?? {}),
    ...Object.keys(after ?? {}),
    ...Object.keys(after_unknown ?? {}),
  ]);
  const changed = [...names].filter((name) => {
    const isUnknown = JSON.stringify(after_unknown?.[name] ?? false).includes("true");
    return isUnknown || JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]);
  });
  return changed.length === 0 ? "" : `: ${changed.sort().map(code).join(", ")}`;
}

function table<T>(heads: readonly string[], rows: readonly T[], cells: (row: T) => readonly string[]): string[] {
  if (rows.length === 0) return [];
  const line = (texts: readonly string[]) => `| ${texts.join(" | ")} |`;
  return ["", line(heads), line(heads.map(() => "---")), ...rows.map((row) => line(cells(row)))];
}

function folded<T>(title: string, items: readonly T[], text: (item: T) => string): string[] {
  if (items.length === 0) return [];
  const list = items.map((item) => `- ${text(item)}`);
  return ["", `<details><summary>${title}: ${items.length}</summary>`, "", ...list, "", "</details>"];
}

/** An address can hold a user's own key, so it must not end the code span, the table's cell or the line. */
function code(text: string): string {
  return `\`${text.replaceAll("`", "'").replaceAll("|", "\\|").replaceAll(/\s+/g, " ")}\``;
}

/** Leaves out the last lines of what is too long: what is lost stands first. */
function shorten(lines: readonly string[]): string {
  const whole = lines.join("\n");
  if (whole.length <= COMMENT_LIMIT) return whole;
  const note = "\n\nToo long for a comment: the rest is in the log of the job.";
  const end = whole.lastIndexOf("\n", COMMENT_LIMIT - note.length - "\n\n</details>".length);
  const kept = whole.slice(0, end);
  const isOpen = kept.lastIndexOf("<details>") > kept.lastIndexOf("</details>");
  return `${kept}${isOpen ? "\n\n</details>" : ""}${note}`;
}
