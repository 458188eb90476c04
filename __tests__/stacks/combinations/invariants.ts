/** Promises that hold in every supported combination of environment, cloud, engine, protection and variant. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { PROVIDERS, TERRAFORM } from "../../../constructs/versions";
import { configurationSchema } from "../../../services/backup/src/configuration/schema";
import { KEPT_NAMES } from "../../../stacks/kept-names";
import { merge, valuesOf } from "../../e2e/support/releases";
import { policyStatements } from "../../support/policies";
import type { Cloud, Combinations, SynthesizedCombination } from "../../support/stacks";
import type { Resource, Template } from "../../support/template";

/** The addresses of the resources of a type for which `holds` is false. */
function breaking(template: Template, type: string, holds: (resource: Resource) => boolean): string[] {
  return Object.entries(template.all(type))
    .filter(([, resource]) => !holds(resource))
    .map(([id]) => `${type}.${id}`);
}

const isReference = (value: unknown): boolean => typeof value === "string" && /\$\{.+\}/s.test(value);
const first = (value: unknown): Resource => (Array.isArray(value) ? value[0] : value) ?? {};

/** The rules for resources of this cloud, and of the cluster in it. */
const rulesOf = <Rule>(cloud: Cloud, rules: Readonly<Record<string, Rule>>): [string, Rule][] =>
  Object.entries(rules).filter(([type]) => !type.startsWith(cloud === "aws" ? "google_" : "aws_"));

export function invariants(cloud: Cloud, all: Combinations): void {
  /** Runs `check` on every stack and names the combination, the stack and the resource of what it returns. */
  function violations(check: (template: Template, combination: SynthesizedCombination) => readonly string[]): string[] {
    return all().flatMap((combination) =>
      [combination.environment, combination.bootstrap].flatMap((template, index) =>
        check(template, combination).map((what) => `${combination.name} ${index === 0 ? "" : "bootstrap "}${what}`),
      ),
    );
  }

  test("there is something to look at: more resources than a toy has", () => {
    expect(all()).not.toEqual([]);
    for (const { environment } of all()) expect(environment.addresses().length).toBeGreaterThan(60);
  });

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

  describe("identities", () => {
    test("no policy allows every action, or all actions of a service, on everything", () => {
      const wide = violations((template) =>
        policyStatements(template)
          .filter(
            ({ effect, actions, resources, principals }) =>
              effect === "Allow" &&
              principals === undefined &&
              resources.includes("*") &&
              actions.some((action) => /^\*$|:\*$/.test(action)),
          )
          .map(({ address, actions }) => `${address} ${actions}`),
      );
      expect(wide).toEqual([]);
    });

    test("no policy gives an administrator's rights by one of Amazon's own names", () => {
      const admin = violations((template) =>
        breaking(
          template,
          "aws_iam_role_policy_attachment",
          ({ policy_arn }) => !/AdministratorAccess|PowerUserAccess/.test(String(policy_arn)),
        ),
      );
      expect(admin.filter((address) => !address.includes("bootstrap"))).toEqual([]);
    });

    test("no primitive role on a Google project", () => {
      const primitive = violations((template) =>
        template
          .types()
          .filter((type) => /^google_.*_iam_(member|binding)$/.test(type))
          .flatMap((type) =>
            breaking(template, type, ({ role }) => !/^roles\/(owner|editor|viewer)$/.test(String(role))),
          ),
      );
      expect(primitive.filter((address) => !address.includes("bootstrap"))).toEqual([]);
    });
  });

  describe("protected data outlives a mistake", () => {
    const guarded = (check: (template: Template) => string[]) =>
      violations((template, { input }) => (input.protection === "protected" ? check(template) : []));
    const kept = ({ lifecycle }: Resource) => lifecycle?.prevent_destroy === true;
    const rules: Record<string, (resource: Resource) => boolean> = {
      aws_db_instance: (db) =>
        db.deletion_protection === true &&
        (db.replicate_source_db !== undefined ||
          (kept(db) && db.skip_final_snapshot === false && db.final_snapshot_identifier !== undefined)),
      aws_rds_cluster: (cluster) =>
        kept(cluster) && cluster.deletion_protection === true && cluster.skip_final_snapshot === false,
      aws_efs_file_system: kept,
      aws_s3_bucket: (bucket) => bucket.force_destroy !== true,
      aws_kms_key: kept,
      aws_eks_cluster: (cluster) => kept(cluster) && cluster.deletion_protection === true,
      google_sql_database_instance: (db) =>
        db.deletion_protection === true && first(db.settings).deletion_protection_enabled === true,
      google_storage_bucket: (bucket) => bucket.force_destroy !== true,
      google_filestore_instance: (files) => kept(files) && files.deletion_protection_enabled === true,
      google_container_cluster: (cluster) => kept(cluster) && cluster.deletion_protection === true,
      // Deleting the site's namespace deletes its claims; what else has one is made anew.
      kubernetes_namespace_v1: (namespace) => first(namespace.metadata).name !== "moodle" || kept(namespace),
    };
    test.each(rulesOf(cloud, rules))("%s", (type, holds) => {
      expect(guarded((template) => breaking(template, type, holds))).toEqual([]);
    });
  });

  test("a disposable environment's stack can be destroyed: nothing in it forbids that", () => {
    const stuck = violations((template, { input, environment }) =>
      input.protection === "disposable" && template === environment
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

  describe("every resource can be accounted for", () => {
    test("the providers tag everything with environment, owner and who manages it", () => {
      const keys = ["environment", "managed_by", "owner"];
      const untagged = violations((template, { input }) => {
        const provider = (template.json.provider as Record<string, Resource[]>)[input.cloud] ?? [];
        const tagsOf = (one: Resource) => (input.cloud === "aws" ? first(one.default_tags).tags : one.default_labels);
        return provider
          .filter((one) => JSON.stringify(Object.keys(tagsOf(one) ?? {}).sort()) !== JSON.stringify(keys))
          .map(() => "provider");
      });
      expect(untagged).toEqual([]);
    });

    test("what takes tags names its component", () => {
      const untagged = violations((template) =>
        template.types().flatMap((type) => {
          const key = tagsOf(type);
          return key === undefined
            ? []
            : breaking(template, type, (resource) => resource[key]?.component !== undefined);
        }),
      );
      expect(untagged).toEqual([]);
    });
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

  describe("providers", () => {
    test("are pinned, by full address", () => {
      const loose = violations((template) => {
        const { required_providers, required_version } = template.json.terraform as Resource;
        return Object.entries(required_providers as Record<string, Resource>)
          .filter(
            ([name, pin]) =>
              JSON.stringify(pin) !== JSON.stringify(sorted(PROVIDERS[name as keyof typeof PROVIDERS], pin)) ||
              required_version !== TERRAFORM,
          )
          .map(([name]) => name);
      });
      expect(loose).toEqual([]);
    });

    test("the cluster is reached by its own address and a credential plugin, and by nothing that is known before it", () => {
      const fields = violations((template) => {
        const { kubernetes = [], helm = [] } = template.json.provider as Record<string, Resource[]>;
        return [...kubernetes, ...helm.map(({ kubernetes: nested }) => first(nested))]
          .filter(
            ({ host, exec, ...rest }) =>
              !isReference(host) ||
              exec === undefined ||
              Object.keys(rest).some((key) => key !== "cluster_ca_certificate"),
          )
          .map((one) => Object.keys(one).join());
      });
      expect(fields).toEqual([]);
    });

    test("no custom resource goes through kubernetes_manifest, which needs the cluster at plan", () => {
      expect(violations((template) => Object.keys(template.all("kubernetes_manifest")))).toEqual([]);
    });

    test("no API is asked at plan", () => {
      expect(violations((template) => Object.keys((template.json.data as Resource | undefined) ?? {}))).toEqual([]);
    });
  });

  describe("Helm releases", () => {
    test("a first install that failed can be applied again", () => {
      expect(
        violations((template) => breaking(template, "helm_release", ({ upgrade_install }) => upgrade_install === true)),
      ).toEqual([]);
    });

    test("say how long they may take", () => {
      expect(violations((template) => breaking(template, "helm_release", ({ timeout }) => timeout >= 120))).toEqual([]);
    });

    test("a local chart's path changes with its content", () => {
      const plain = violations((template) =>
        breaking(
          template,
          "helm_release",
          ({ chart, repository }) =>
            repository !== undefined || !String(chart).startsWith("./") || /assets\/[\w-]+\/[0-9A-F]{32}/.test(chart),
        ),
      );
      expect(plain).toEqual([]);
    });
  });

  describe("names that a cloud keeps after destroy", () => {
    test.each(KEPT_NAMES.filter(({ type, answer }) => type.startsWith(`${cloud}_`) && answer === "incarnation"))(
      "$type carries the incarnation",
      (kept) => {
        const fixed = all().flatMap(({ name, input, environment }) =>
          breaking(environment, kept.type, (resource) =>
            String(resource[kept.argument]).includes(`moodle-${input.name}-${input.incarnation ?? 1}`),
          ).map((address) => `${name} ${address}`),
        );
        expect(fixed).toEqual([]);
      },
    );

    for (const { type } of KEPT_NAMES.filter(
      (kept) => kept.type.startsWith(`${cloud}_`) && kept.answer === "bootstrap",
    ))
      test(`${type} lives in bootstrap alone`, () => {
        expect(all().filter(({ environment }) => environment.types().includes(type))).toEqual([]);
        expect(all().some(({ bootstrap }) => bootstrap.types().includes(type))).toBe(true);
      });
  });

  test("the backups' program understands what every site tells it", () => {
    const defaults = parse(readFileSync(join(__dirname, "../../../charts/backup/values.yaml"), "utf8")).config;
    const misunderstood = all().flatMap(({ name, environment }) => {
      const { config: given } = valuesOf(environment.only("helm_release", { name: "backup" }).values);
      const config = merge({}, structuredClone(defaults), given);
      return (configurationSchema.safeParse(config).error?.issues ?? []).map(({ path, message }) => [
        name,
        path,
        message,
      ]);
    });
    expect(misunderstood).toEqual([]);
  });
}

/** The argument by which resources of a type are tagged or labelled; `undefined` where they are not. */
function tagsOf(type: string): string | undefined {
  const [provider = "", ...words] = type.split("_");
  if (provider !== "aws" && provider !== "google") return undefined;
  const binding = loadBinding(`@cdktf/provider-${provider}/lib/${words.join("-")}`);
  const resource = Object.values(binding).find((one) => one.tfResourceType === type);
  const arguments_ = Object.getOwnPropertyNames(resource?.prototype ?? {});
  // What Google calls tags are resources of their own, which grant access.
  const keys = provider === "aws" ? ["tags"] : ["userLabels", "resourceLabels", "labels"];
  const found = keys.find((key) => arguments_.includes(key));
  return found?.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`);
}

type Binding = Record<string, { tfResourceType?: string; prototype?: object }>;

/** cdktf renames a few classes and their folders that would otherwise end like another. */
function loadBinding(path: string): Binding {
  try {
    return require(path);
  } catch {
    return require(`${path}-a`);
  }
}

/** A pin with its keys in the order of another object's, so that the two compare as text. */
function sorted(pin: Record<string, string> | undefined, like: Resource): Record<string, string | undefined> {
  return Object.fromEntries(Object.keys(like).map((key) => [key, pin?.[key]]));
}
