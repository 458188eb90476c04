/** Data are encrypted, private and, where protected, hard to lose: in every supported combination. */
import { reportPlan } from "../../../scripts/plan-report";
import { policyStatements } from "../../support/policies";
import type { Cloud, Combinations } from "../../support/stacks";
import type { Resource, Template } from "../../support/template";
import { breaking, first, isReference, rulesOf, violationsIn } from "./violations";

export function dataSafety(cloud: Cloud, all: Combinations): void {
  const violations = violationsIn(all);

  describe("encryption", () => {
    const rules: Record<string, (resource: Resource, template: Template) => boolean> = {
      aws_cloudwatch_log_group: ({ kms_key_id }) => isReference(kms_key_id),
      aws_db_instance: (db) =>
        db.replicate_source_db !== undefined || (db.storage_encrypted === true && isReference(db.kms_key_id)),
      aws_rds_cluster: ({ storage_encrypted, kms_key_id }) => storage_encrypted === true && isReference(kms_key_id),
      aws_dynamodb_table: ({ server_side_encryption }) => first(server_side_encryption).enabled === true,
      aws_ecr_repository: ({ encryption_configuration }) => first(encryption_configuration).encryption_type === "KMS",
      aws_efs_file_system: ({ encrypted, kms_key_id }) => encrypted === true && isReference(kms_key_id),
      aws_eks_cluster: ({ encryption_config }) => first(encryption_config).resources?.includes("secrets") === true,
      aws_elasticache_replication_group: ({ at_rest_encryption_enabled, transit_encryption_enabled }) =>
        String(at_rest_encryption_enabled) === "true" && transit_encryption_enabled === true,
      aws_launch_template: ({ block_device_mappings }) =>
        [block_device_mappings].flat().every((device) => String(first(device?.ebs).encrypted) === "true"),
      aws_secretsmanager_secret: ({ kms_key_id }) => isReference(kms_key_id),
      aws_sqs_queue: ({ kms_master_key_id, sqs_managed_sse_enabled }) =>
        isReference(kms_master_key_id) || sqs_managed_sse_enabled === true,
      google_artifact_registry_repository: ({ kms_key_name }) => kms_key_name !== undefined,
      google_container_cluster: ({ database_encryption }) => first(database_encryption).state === "ENCRYPTED",
      google_redis_instance: ({ transit_encryption_mode, auth_enabled }) =>
        transit_encryption_mode === "SERVER_AUTHENTICATION" && auth_enabled === true,
      google_sql_database_instance: ({ settings }) =>
        first(first(settings).ip_configuration).ssl_mode === "ENCRYPTED_ONLY",
      google_storage_bucket: ({ encryption }) => first(encryption).default_kms_key_name !== undefined,
    };
    test.each(rulesOf(cloud, rules))("%s", (type, holds) => {
      expect(violations((template) => breaking(template, type, (resource) => holds(resource, template)))).toEqual([]);
    });

    test("every rule above met a resource", () => {
      const types = new Set(
        all().flatMap(({ environment, bootstrap }) => [...environment.types(), ...bootstrap.types()]),
      );
      expect(
        rulesOf(cloud, rules)
          .map(([type]) => type)
          .filter((type) => !types.has(type)),
      ).toEqual([]);
    });

    test("every S3 bucket has a default encryption by its own key, blocks public access and refuses plain HTTP", () => {
      const companions = [
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_policy",
      ];
      const missing = violations((template) =>
        Object.keys(template.all("aws_s3_bucket")).flatMap((id) =>
          companions
            .filter(
              (type) => !template.resources(type).some(({ bucket }) => String(bucket).includes(`aws_s3_bucket.${id}.`)),
            )
            .map((type) => `${id} has no ${type}`),
        ),
      );
      expect(missing).toEqual([]);
    });
  });

  describe("nothing that holds data is public", () => {
    const rules: Record<string, (resource: Resource) => boolean> = {
      aws_db_instance: ({ publicly_accessible }) => publicly_accessible === false,
      aws_s3_bucket_public_access_block: (block) =>
        ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"].every(
          (key) => block[key] === true,
        ),
      google_sql_database_instance: ({ settings }) => first(first(settings).ip_configuration).ipv4_enabled === false,
      google_storage_bucket: ({ public_access_prevention, uniform_bucket_level_access }) =>
        public_access_prevention === "enforced" && uniform_bucket_level_access === true,
      google_container_cluster: ({ private_cluster_config }) =>
        first(private_cluster_config).enable_private_nodes === true,
    };
    test.each(rulesOf(cloud, rules))("%s", (type, holds) => {
      expect(violations((template) => breaking(template, type, holds))).toEqual([]);
    });

    test("pages may read of Moodle's files, where browsers are sent for them, and of no other bucket", () => {
      const wrong = violations((template) => {
        const cors = template.resources("aws_s3_bucket_cors_configuration").map(({ bucket }) => String(bucket));
        return [
          ...Object.keys(template.all("aws_s3_bucket")).filter(
            (id) => cors.some((bucket) => bucket.includes(`aws_s3_bucket.${id}.`)) !== id.startsWith("objects_"),
          ),
          ...Object.entries(template.all("google_storage_bucket"))
            .filter(([id, { cors }]) => (cors !== undefined) !== id.startsWith("objects_"))
            .map(([id]) => id),
        ];
      });
      expect(wrong).toEqual([]);
    });

    test("the API server is open to named networks only", () => {
      const open = violations((template) =>
        breaking(template, "aws_eks_cluster", ({ vpc_config }) => {
          const { endpoint_public_access, public_access_cidrs } = first(vpc_config);
          return (
            endpoint_public_access === false ||
            (public_access_cidrs?.length > 0 && !public_access_cidrs.includes("0.0.0.0/0"))
          );
        }),
      );
      expect(open).toEqual([]);
    });

    test("only the edge lets the whole internet in", () => {
      const open = violations((template) =>
        breaking(
          template,
          "aws_vpc_security_group_ingress_rule",
          ({ cidr_ipv4, tags }) => cidr_ipv4 !== "0.0.0.0/0" || tags?.component === "edge",
        ),
      );
      expect(open).toEqual([]);
    });

    test("where CloudFront is reached first, nothing else reaches the load balancer", () => {
      const withCdn = all().filter(({ name }) => name.includes("-cdn"));
      expect(withCdn.length).toBe(cloud === "aws" ? 3 : 0);
      for (const { environment } of withCdn) {
        expect(environment.resources("aws_lb").map(({ internal }) => internal)).toEqual([true]);
        const fromAddresses = environment
          .resources("aws_vpc_security_group_ingress_rule")
          .filter(({ tags, cidr_ipv4 }) => tags?.component === "edge" && cidr_ipv4 !== undefined);
        expect(fromAddresses).toEqual([]);
      }
    });

    test("no security group carries rules of its own, where nobody looks for them", () => {
      const inline = violations((template) =>
        breaking(
          template,
          "aws_security_group",
          ({ ingress, egress }) => ingress === undefined && egress === undefined,
        ),
      );
      expect(inline).toEqual([]);
    });

    test("Google firewalls name their sources", () => {
      const open = violations((template) =>
        breaking(
          template,
          "google_compute_firewall",
          ({ direction, deny, source_ranges }) =>
            direction === "EGRESS" || deny !== undefined || !source_ranges?.includes("0.0.0.0/0"),
        ),
      );
      expect(open).toEqual([]);
    });
  });

  describe("protected data outlives a mistake", () => {
    const guarded = (check: (template: Template) => string[]) =>
      violations((template, { input }) => (input.protection === "protected" ? check(template) : []));
    const kept = ({ lifecycle }: Resource) => lifecycle?.prevent_destroy === true;
    // Versions of models are fetched from their bucket again.
    const holdsModels = (name: unknown) => String(name).endsWith("-models-files");
    const rules: Record<string, (resource: Resource) => boolean> = {
      aws_db_instance: (db) =>
        db.deletion_protection === true &&
        (db.replicate_source_db !== undefined ||
          (kept(db) && db.skip_final_snapshot === false && db.final_snapshot_identifier !== undefined)),
      aws_rds_cluster: (cluster) =>
        kept(cluster) && cluster.deletion_protection === true && cluster.skip_final_snapshot === false,
      aws_efs_file_system: (files) => holdsModels(files.creation_token) || kept(files),
      aws_s3_bucket: (bucket) => bucket.force_destroy !== true,
      aws_kms_key: kept,
      aws_eks_cluster: (cluster) => kept(cluster) && cluster.deletion_protection === true,
      google_sql_database_instance: (db) =>
        db.deletion_protection === true && first(db.settings).deletion_protection_enabled === true,
      google_storage_bucket: (bucket) => bucket.force_destroy !== true,
      google_filestore_instance: (files) =>
        holdsModels(files.name) || (kept(files) && files.deletion_protection_enabled === true),
      google_container_cluster: (cluster) => kept(cluster) && cluster.deletion_protection === true,
      // Deleting the site's namespace deletes its claims; what else has one is made anew.
      kubernetes_namespace_v1: (namespace) => first(namespace.metadata).name !== "moodle" || kept(namespace),
    };
    test.each(rulesOf(cloud, rules))("%s", (type, holds) => {
      expect(guarded((template) => breaking(template, type, holds))).toEqual([]);
    });
  });

  test("a plan that loses what Terraform refuses to destroy is refused in a pull request", () => {
    const kept = new Set(
      all().flatMap(({ environment, bootstrap }) =>
        [environment, bootstrap].flatMap((template) =>
          template.types().filter((type) => template.resources(type).some((one) => one.lifecycle?.prevent_destroy)),
        ),
      ),
    );
    const isRefused = (type: string) => {
      const change = { actions: ["delete"], before: {}, after: null };
      return reportPlan("x", { resource_changes: [{ address: `${type}.x`, type, change }] }).refused;
    };
    expect(kept.size).toBeGreaterThan(5);
    expect([...kept].filter((type) => !isRefused(type))).toEqual([]);
  });

  test("a retiring environment is the protected one but for what refuses, and keeps locked backups", () => {
    const guard = /^(prevent_destroy|force_destroy|(enable_)?deletion_protection(_enabled|_reason)?)$/;
    const unguarded = (protection: string) => {
      const one = all().find(({ name }) => name === `production-${cloud}-postgresql-${protection}`);
      const text = JSON.stringify(one?.environment.json.resource, (key, value) =>
        guard.test(key) ? undefined : value,
      );
      return JSON.parse(text.replaceAll(/retain: (true|false)/g, "retain"));
    };
    expect(unguarded("retiring")).toEqual(unguarded("protected"));
    const buckets = violations((template, { name, environment }) =>
      name === `production-${cloud}-postgresql-retiring` && template === environment
        ? ["aws_s3_bucket", "google_storage_bucket"].flatMap((type) =>
            breaking(template, type, ({ force_destroy }) => force_destroy === true),
          )
        : [],
    );
    expect(buckets).toEqual([expect.stringMatching(/\.backups_bucket_\w+$/)]);
  });

  test("a disposable or retiring environment's stack can be destroyed: nothing in it forbids that", () => {
    const stuck = violations((template, { input, environment }) =>
      input.protection !== "protected" && template === environment
        ? template
            .types()
            .flatMap((type) =>
              breaking(
                template,
                type,
                (one) =>
                  one.lifecycle?.prevent_destroy !== true &&
                  one.deletion_protection !== true &&
                  one.deletion_protection_enabled !== true,
              ),
            )
        : [],
    );
    expect(stuck).toEqual([]);
  });

  describe("secrets", () => {
    const SECRET =
      /^(password|master_password|auth_token|secret_string|secret_data|passphrase|private_key|token|client_secret)(_wo)?$/;
    test("no secret stands in the JSON: what holds one is a reference to something made at apply", () => {
      const literal = violations((template) =>
        template
          .types()
          .flatMap((type) =>
            breaking(template, type, (resource) =>
              Object.entries(resource).every(([key, value]) => !SECRET.test(key) || isReference(value)),
            ),
          ),
      );
      expect(literal).toEqual([]);
    });

    test("a secret's value is written by a write-only argument", () => {
      const kept = violations((template) => [
        ...breaking(
          template,
          "aws_secretsmanager_secret_version",
          ({ secret_string, secret_binary }) => secret_string === undefined && secret_binary === undefined,
        ),
        ...breaking(template, "google_secret_manager_secret_version", ({ secret_data }) => secret_data === undefined),
      ]);
      expect(kept).toEqual([]);
    });
  });

  describe("the secret that an administrator fills", () => {
    const withMail = () => all().filter(({ name }) => name.endsWith("mail-antivirus"));

    test("exists where the relay asks for a login", () => {
      const names = withMail().map(({ environment }) => [
        ...environment.resources("aws_secretsmanager_secret").map(({ name }) => name),
        ...environment.resources("google_secret_manager_secret").map(({ secret_id }) => secret_id),
      ]);
      expect(names).toHaveLength(1);
      for (const found of names) expect(found).toContain("moodle-production-1-smtp");
    });

    test("is written by no program", () => {
      for (const { environment } of withMail()) {
        const writers = policyStatements(environment).filter(({ actions }) =>
          actions.some((one) => /PutSecret/.test(one)),
        );
        const members = environment.resources("google_secret_manager_secret_iam_member");
        expect(JSON.stringify(writers)).not.toContain("secret-smtp");
        expect(JSON.stringify(members.filter(({ role }) => /Adder/.test(role)))).not.toContain("secret-smtp");
        expect(JSON.stringify([writers, members])).toContain("administrator");
      }
    });
  });
}
