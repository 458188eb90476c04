// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of Terraform
import { Release } from "@cdktf/provider-helm/lib/release";
import { TerraformResource } from "cdktf";
import { parse } from "yaml";
import { helmValues } from "../../../constructs/core/helm-values";
import { Template } from "../../support/template";

type Values = Readonly<Record<string, unknown>>;

/** The documents as they stand in the JSON; values may hold attributes of the resource `kind.source`. */
function synthesized(values: Values | ((source: TerraformResource) => Values)): string[] {
  const template = Template.from((stack) => {
    const source = new TerraformResource(stack, "source", { terraformResourceType: "kind" });
    const given = typeof values === "function" ? values(source) : values;
    new Release(stack, "release", { name: "release", chart: "chart", values: helmValues(given) });
  });
  return template.only("helm_release").values;
}

/** What Terraform makes of a template string without references: `$${` and `%%{` stand for `${` and `%{`. */
const evaluated = (template: string) => template.replaceAll(/([$%])\1\{/g, "$1{");

describe("values known at synthesis", () => {
  test("are one document of plain YAML", () => {
    expect(synthesized({ replicas: 2, image: { tag: "1.0" } })).toEqual(['replicas: 2\nimage:\n  tag: "1.0"\n']);
  });

  test.each([
    ["a reference of Terraform's", "${aws_eks_cluster.x.endpoint}"],
    ["a directive of Terraform's", "%{ if true }"],
    ["an escaped reference", "$${x}"],
    ["quotes and backslashes", `"a" 'b' \\n \\`],
    ["several lines", "first\n  second\n\nthird\n"],
    ["a certificate", "-----BEGIN CERTIFICATE-----\nMIIB+/=\n-----END CERTIFICATE-----\n"],
    ["what YAML would read as a number", "0123"],
    ["what YAML would read as a boolean", "no"],
    ["a comment sign", "a # b"],
    ["more than 80 characters", "word ".repeat(40)],
  ])("reach Helm unchanged: %s", (_, text) => {
    const [document = ""] = synthesized({ text });
    expect(parse(evaluated(document))).toEqual({ text });
  });

  test.each(["yes", "on", "n", "12:30:45", "1_000"])("stay texts in Helm's YAML 1.1: %s", (text) => {
    const [document = ""] = synthesized({ text });
    expect(parse(document, { version: "1.1" })).toEqual({ text });
  });

  test("leave undefined fields out", () => {
    expect(synthesized({ a: 1, b: undefined, c: { d: undefined, e: 2 } })).toEqual(["a: 1\nc:\n  e: 2\n"]);
  });

  test("repeat what is given twice, for Helm knows no anchors between documents", () => {
    const shared = { cpu: "1" };
    expect(synthesized({ a: shared, b: shared })[0]).not.toMatch(/[&*]/);
  });
});

describe("values that Terraform computes", () => {
  test("stand in a document of their own, so that a plan still shows the others", () => {
    const [known, computed] = synthesized((source) => ({ host: source.getStringAttribute("host"), port: 5432 }));
    expect(parse(known ?? "")).toEqual({ port: 5432 });
    expect(computed).toBe('${yamlencode({"host" = kind.source.host})}');
  });

  test("are parted from known ones key by key", () => {
    const [known, computed] = synthesized((source) => ({
      database: { host: source.getStringAttribute("host"), port: 5432 },
    }));
    expect(parse(known ?? "")).toEqual({ database: { port: 5432 } });
    expect(computed).toBe('${yamlencode({"database" = {"host" = kind.source.host}})}');
  });

  test("take their whole list with them, because Helm replaces lists", () => {
    const peers = (source: TerraformResource) => ({
      peers: [
        { cidr: source.getStringAttribute("cidr"), port: 1 },
        { cidr: "10.0.0.0/8", port: 2 },
      ],
    });
    expect(synthesized(peers)).toEqual([
      '${yamlencode({"peers" = [{"cidr" = kind.source.cidr, "port" = 1}, {"cidr" = "10.0.0.0/8", "port" = 2}]})}',
    ]);
  });

  test("may be lists", () => {
    expect(synthesized((source) => ({ cidrs: source.getListAttribute("cidrs") }))).toEqual([
      '${yamlencode({"cidrs" = kind.source.cidrs})}',
    ]);
  });

  test("may be numbers", () => {
    expect(synthesized((source) => ({ port: source.getNumberAttribute("port") }))).toEqual([
      '${yamlencode({"port" = kind.source.port})}',
    ]);
  });

  test("may be part of a text", () => {
    expect(synthesized((source) => ({ url: `https://${source.getStringAttribute("host")}/` }))).toEqual([
      '${yamlencode({"url" = "https://${kind.source.host}/"})}',
    ]);
  });

  test("leave undefined fields out", () => {
    expect(synthesized((source) => ({ a: [{ b: undefined, c: source.getStringAttribute("c") }] }))).toEqual([
      '${yamlencode({"a" = [{"c" = kind.source.c}]})}',
    ]);
  });

  test.each([
    ["quotes", 'say "hello"', '"say \\"hello\\""'],
    ["backslashes", "a\\b", '"a\\\\b"'],
    ["line ends", "a\nb", '"a\\nb"'],
    ["references", "${a.b.c}", '"$${a.b.c}"'],
    ["directives", "%{ if true }", '"%%{ if true }"'],
  ])("leave %s in the literals of their list alone", (_, text, literal) => {
    const documents = synthesized((source) => ({ list: [source.getStringAttribute("id"), text] }));
    expect(documents).toEqual([`\${yamlencode({"list" = [kind.source.id, ${literal}]})}`]);
  });
});
