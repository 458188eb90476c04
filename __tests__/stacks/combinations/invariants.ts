/** Identities, names, providers and releases: promises that hold in every supported combination of environment, cloud, engine, protection and variant. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { PROVIDERS, TERRAFORM } from "../../../constructs/versions";
import { configurationSchema } from "../../../services/backup/src/configuration/schema";
import { KEPT_NAMES } from "../../../stacks/kept-names";
import { merge, valuesOf } from "../../e2e/support/releases";
import { policyStatements } from "../../support/policies";
import type { Cloud, Combinations } from "../../support/stacks";
import type { Resource } from "../../support/template";
import { breaking, first, isReference, violationsIn } from "./violations";

export function invariants(cloud: Cloud, all: Combinations): void {
  const violations = violationsIn(all);

  test("there is something to look at: more resources than a toy has", () => {
    expect(all()).not.toEqual([]);
    for (const { environment } of all()) expect(environment.addresses().length).toBeGreaterThan(60);
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

  if (cloud === "aws")
    test("what restarts data waits for the maintenance window where protected, unless the environment says otherwise", () => {
      const otherwise = violations((template, { input }) => {
        const fields = input.cloud === "aws" ? input : undefined;
        const waits = (applyImmediately: boolean | undefined) => applyImmediately ?? input.protection === "disposable";
        const rules = {
          aws_db_instance: waits(fields?.database?.applyImmediately),
          aws_rds_cluster: waits(fields?.database?.applyImmediately),
          aws_elasticache_replication_group: waits(fields?.redis?.applyImmediately),
        };
        return Object.entries(rules).flatMap(([type, expected]) =>
          breaking(template, type, ({ apply_immediately }) => apply_immediately === expected),
        );
      });
      expect(otherwise).toEqual([]);
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

    test("no API is asked at plan, but for the list of CloudFront's addresses, which waits for nothing", () => {
      const asked = violations((template) =>
        Object.entries((template.json.data as Record<string, Record<string, Resource>> | undefined) ?? {}).flatMap(
          ([type, sources]) =>
            Object.entries(sources)
              .filter(([, source]) => type !== "aws_ec2_managed_prefix_list" || isReference(JSON.stringify(source)))
              .map(([id]) => `${type}.${id}`),
        ),
      );
      expect(asked).toEqual([]);
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
