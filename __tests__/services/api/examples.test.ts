/** The resources of docs/operator.md are ones that their schemas and charts accept. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { resourcesPage } from "../../../scripts/docs/resources";
import { API_VERSION, RESOURCES } from "../../../services/api/src";

const root = join(__dirname, "../../..");
const guide = readFileSync(join(root, "docs/operator.md"), "utf8");
const examples = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = ""]) => parse(text));

test.each(RESOURCES.map(({ kind, spec }) => [kind, spec] as const))("the example of a %s is accepted", (kind, spec) => {
  const example = examples.find((one) => one.kind === kind);
  expect(example?.apiVersion).toBe(API_VERSION);
  expect(spec.safeParse(example.spec).error).toBeUndefined();
});

test("the reference of the resources is as npm run docs would write it", () => {
  expect(readFileSync(join(root, "docs/reference/resources.md"), "utf8")).toBe(`${resourcesPage().trimEnd()}\n`);
});
