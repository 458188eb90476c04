import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { MoodleOperator } from "../../../constructs/workloads/moodle-operator";
import { MoodleWeb } from "../../../constructs/workloads/moodle-web";
import { MOODLE_CLUSTER } from "../../../services/api/src";
import * as ports from "../../support/ports";
import { type Resource, Template } from "../../support/template";

const CHARTS = join(__dirname, "../../../charts");

const operatorProps = {
  cluster: ports.cluster,
  namespace: "moodle-operator",
  siteNamespaces: ["moodle"],
  image: "registry.example.edu/operator:0.1.0",
  dependsOn: [],
};

const site = { name: "moodle-staging-1", ...ports.site("moodle"), dependsOn: [] };

/** Releases of a site, by name: by Terraform alone, or through the operator. */
function releases(delivery: "helm" | "operator", protection: "protected" | "disposable" = "protected") {
  const template = Template.from((scope) => {
    const operator = delivery === "helm" ? undefined : new MoodleOperator(scope, "operator", operatorProps);
    new MoodleWeb(scope, "web", { ...site, protection, operator });
  });
  const entries = Object.entries(template.all("helm_release")).map(([address, release]) => {
    const values: Resource = Object.assign({}, ...release.values.map((document: string) => parse(document)));
    return [release.name, { address, release, values }] as const;
  });
  return new Map(entries);
}

const find = (found: ReturnType<typeof releases>, name: string) => {
  const one = found.get(name);
  if (one === undefined) throw new Error(`no release ${name} among ${[...found.keys()]}`);
  return one;
};

test("the operator releases what Terraform would release: the same name and values", () => {
  const byHelm = find(releases("helm"), "moodle");
  const { values } = find(releases("operator"), "moodle-cluster");
  expect(values.name).toBe(byHelm.release.name);
  expect(values.spec.values).toEqual(byHelm.values);
});

test("the resource is one that its schema accepts", () => {
  const { values } = find(releases("operator"), "moodle-cluster");
  expect(MOODLE_CLUSTER.spec.safeParse(values.spec).error).toBeUndefined();
});

test("what Terraform no longer has stays where it is protected, and goes where it is disposable", () => {
  const policy = (protection: "protected" | "disposable") =>
    find(releases("operator", protection), "moodle-cluster").values.spec.deletionPolicy;
  expect([policy("protected"), policy("disposable")]).toEqual(["Retain", "Delete"]);
});

test("the resource waits for the operator, which brings its definition", () => {
  const found = releases("operator");
  const { address } = find(found, "moodle-operator");
  expect(find(found, "moodle-cluster").release.depends_on).toContain(`helm_release.${address}`);
});

test("the operator has rights in the namespaces of the sites alone", () => {
  const { values, release } = find(releases("operator"), "moodle-operator");
  expect(values.namespaces).toEqual(["moodle"]);
  expect(release.namespace).toBe("moodle-operator");
});

test("the operator opens the stores that it is told of, and reaches them and the databases", () => {
  const template = Template.from((scope) => {
    new MoodleOperator(scope, "operator", {
      ...operatorProps,
      credentials: {
        identity: ports.identity("moodle-operator"),
        stores: [{ store: "aws-secrets-manager", region: "eu-central-1" }],
        databases: [{ cidr: "10.20.96.0/24", port: 5432 }],
      },
    });
  });
  const values: Resource = parse(template.only("helm_release").values.join("\n"));
  expect(values.stores).toEqual({ "aws-secrets-manager": { region: "eu-central-1" } });
  expect(values.network.databases).toEqual([{ cidr: "10.20.96.0/24", port: 5432 }]);
});

test("the operator may make every kind of object that its charts hold", () => {
  const rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[] = parse(
    readFileSync(join(CHARTS, "moodle-operator/files/rules.yaml"), "utf8"),
  );
  const made = rules.filter(({ verbs }) => verbs.includes("create") && verbs.includes("delete"));
  const granted = new Set(made.flatMap(({ apiGroups, resources }) => resources.map((one) => `${apiGroups[0]}/${one}`)));
  const kinds = [...kindsOf("moodle", "backup")];
  // What a route by Istio needs is in the namespace of its gateway: `delivery: "operator"` is refused with it.
  for (const kind of kinds.filter((one) => !one.startsWith("networking.istio.io/"))) expect(granted).toContain(kind);
});

/** Group and collection of every kind that the templates of charts make. */
function kindsOf(...charts: string[]): Set<string> {
  const files = charts.flatMap((chart) => {
    const folder = join(CHARTS, chart, "templates");
    return readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
  });
  const pairs = files.flatMap((text) => [...text.matchAll(/^apiVersion: (\S+)\n(?:[ ]*\{\{.*\n)*kind: (\S+)$/gm)]);
  expect(pairs.length).toBeGreaterThan(20);
  return new Set(pairs.map(([, apiVersion = "", kind = ""]) => `${groupOf(apiVersion)}/${plural(kind)}`));
}

const groupOf = (apiVersion: string) => (apiVersion.includes("/") ? apiVersion.split("/")[0] : "");

const plural = (kind: string) =>
  kind
    .toLowerCase()
    .replace(/([^aeiou])y$/, "$1ie")
    .replace(/s$/, "se")
    .concat("s");
