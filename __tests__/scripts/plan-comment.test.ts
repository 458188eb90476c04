import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { comment } from "../../scripts/plan-comment";
import { COMMENT_LIMIT, type Plan, reportPlan } from "../../scripts/plan-report";

/** Written by `terraform show -json` with the pinned plugins. */
function fixture(name: string): string {
  return readFileSync(join(__dirname, "fixtures", `${name}.json`), "utf8");
}
const report = (name: string, options = {}) => reportPlan("staging", JSON.parse(fixture(name)) as Plan, options);

test("starts with the marker by which the next run finds the comment", () => {
  expect(report("add").markdown.split("\n")[0]).toBe("<!-- moodle-platform: plan staging -->");
});

test.each([
  ["add", "6 to add, 0 to change, 0 to destroy, 0 to replace"],
  ["change", "0 to add, 3 to change, 0 to destroy, 0 to replace"],
  ["replace", "0 to add, 0 to change, 0 to destroy, 4 to replace"],
  ["destroy", "0 to add, 0 to change, 6 to destroy, 0 to replace"],
  ["replace-aws", "0 to add, 0 to change, 1 to destroy, 2 to replace"],
  ["move-and-forget", "0 to add, 0 to change, 0 to destroy, 0 to replace, 1 to forget"],
  ["no-change", "no changes"],
])("counts what the plan %s does", (name, counts) => {
  expect(report(name).markdown.split("\n")[1]).toBe(`### staging: ${counts}`);
});

test.each(["add", "change", "no-change", "move-and-forget"])("lets the plan %s pass", (name) => {
  expect(report(name).refused).toBe(false);
});

test.each(["replace", "destroy", "replace-aws"])("refuses the plan %s, which loses protected data", (name) => {
  expect(report(name).refused).toBe(true);
});

test("lets protected data go where the label allows it, and still says so", () => {
  const { refused, markdown } = report("destroy", { allowDestroy: true });
  expect(refused).toBe(false);
  expect(markdown).toContain("3 protected resources will be lost");
});

test("names each loss with its reason before all else", () => {
  const rows = report("replace")
    .markdown.split("\n")
    .filter((line) => line.startsWith("| replace"));
  expect(rows).toEqual([
    "| replace | `google_sql_database_instance.database` | the database, because of `region` |",
    "| replace | `google_storage_bucket.files` | the files in the bucket, because of `location` |",
    "| replace | `kubernetes_namespace_v1.moodle` | everything in the namespace, its volume claims too, because of `metadata[0].name` |",
    "| replace | `random_password.cache` | `length` |",
  ]);
});

test("does not count a read replica as protected data", () => {
  const rows = report("replace-aws")
    .markdown.split("\n")
    .filter((line) => line.includes("what is lost") || line.includes("`aws_db"));
  expect(rows).toEqual([
    "|  | resource | what is lost |",
    "| replace | `aws_db_instance.database` | the database, because of `db_name` |",
    "| destroy | `aws_db_instance.reader` |  |",
  ]);
});

test("names the attributes that change", () => {
  const lines = report("change").markdown.split("\n");
  expect(lines).toContain("- `terraform_data.note`: `input`, `output`");
  expect(lines.find((line) => line.includes("google_sql"))).toMatch(/: .*`root_password`.*`settings`$/);
});

test("names what moves and what is forgotten", () => {
  expect(report("move-and-forget").markdown).toContain("- `terraform_data.note` to `terraform_data.renamed`");
  expect(report("move-and-forget").markdown).toContain("- `terraform_data.other`");
});

test.each(["add", "change", "replace", "destroy", "replace-aws", "move-and-forget"])(
  "prints no value of the plan %s",
  (name) => {
    const { resource_changes = [] } = JSON.parse(fixture(name)) as Plan;
    const values = new Set<string>();
    const collect = (value: unknown): void => {
      if (typeof value === "string" && value.length > 0) values.add(value);
      else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
    };
    for (const { change } of resource_changes) collect([change.before, change.after]);
    expect(values.size).toBeGreaterThan(0);
    const words = new Set(report(name).markdown.split(/[\s`"|:,]+/));
    // The namespace's name is also the last part of its address, which is a word only as a whole.
    expect(
      [...values].filter((value) => words.has(value) || (/[-/$]/.test(value) && report(name).markdown.includes(value))),
    ).toEqual([]);
  },
);

describe("a plan too long for a comment", () => {
  const [resource] = (JSON.parse(fixture("destroy")) as Plan).resource_changes ?? [];
  const many = (count: number, actions: string[]) =>
    Array.from({ length: count }, (_, index) => ({
      ...resource,
      address: `aws_vpc.${"long_name_".repeat(8)}${index}`,
      change: { ...resource?.change, actions },
    }));
  const plan = { resource_changes: [...many(2000, ["create"]), ...many(3, ["delete"])] } as unknown as Plan;
  const { markdown } = reportPlan("staging", plan);

  test("is cut below what GitHub accepts", () => {
    expect(markdown.length).toBeLessThanOrEqual(COMMENT_LIMIT);
    expect(markdown).toContain("the rest is in the log of the job");
  });

  test("keeps the counts and what is destroyed", () => {
    expect(markdown).toContain("2000 to add, 0 to change, 3 to destroy");
    expect(markdown.match(/^\| destroy /gm)).toHaveLength(3);
  });

  test("leaves no fold open", () => {
    expect(markdown.match(/<details>/g)?.length).toBe(markdown.match(/<\/details>/g)?.length);
  });
});

test("keeps an address with marks of Markdown inside its code span", () => {
  const changes = [{ address: 'a.b["x|y`z"]', type: "a", change: { actions: ["create"], before: null, after: {} } }];
  expect(reportPlan("staging", { resource_changes: changes }).markdown).toContain('- `a.b["x\\|y\'z"]`');
});

describe("without a plan", () => {
  const folder = mkdtempSync(join(tmpdir(), "plan-comment-"));
  const options = { allowDestroy: false, required: false };
  const fail = (log: string) => writeFileSync(join(folder, "failure.log"), log);
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ['Error: Failed to get existing workspaces: S3 bucket "moodle-staging-state-1" does not exist.'],
    ["│ Error: Failed to get existing workspaces: querying Cloud Storage failed: storage:\n│ bucket doesn't exist"],
    ['│ \u001b[1mError: \u001b[0mS3 bucket\u001b[0m "moodle-staging-state-1" does not\n│ exist.'],
  ])("says before the first deploy that there is nothing to compare with: %s", (log) => {
    fail(log);
    const { markdown, failed } = comment("staging", folder, options);
    expect(failed).toBe(false);
    expect(markdown).toContain("staging: not deployed yet");
  });

  test("says that nothing could plan where nothing did", () => {
    const { markdown, failed } = comment("staging", join(folder, "absent"), options);
    expect(failed).toBe(false);
    expect(markdown).toContain("The identity that plans could not be taken");
  });

  test("fails where a plan is required", () => {
    expect(comment("staging", join(folder, "absent"), { ...options, required: true }).failed).toBe(true);
  });

  test("fails where the plan failed, without showing why", () => {
    fail("Error: password=hunter2 is wrong");
    const { markdown, failed } = comment("staging", folder, options);
    expect(failed).toBe(true);
    expect(markdown).not.toContain("hunter2");
  });
});
