import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { TerraformResource } from "cdktf";
import { ChartRelease, type ChartReleaseProps } from "../../../constructs/core/chart-release";
import { Template } from "../../support/template";

const upstream = { repository: "https://charts.example.org", name: "widget", version: "1.2.3" };

function release(props: Partial<ChartReleaseProps>) {
  const template = Template.from((stack) => {
    const cluster = new TerraformResource(stack, "cluster", { terraformResourceType: "cluster" });
    new ChartRelease(stack, "widget", {
      chart: upstream,
      namespace: "widgets",
      timeout: 300,
      dependsOn: [cluster],
      ...props,
    });
  });
  return template.only("helm_release");
}

describe("every release", () => {
  const resource = release({});

  test("can be applied again after a first install that failed half-way", () => {
    expect(resource.upgrade_install).toBe(true);
  });

  test("waits, for as long as it says", () => {
    expect(resource).toMatchObject({ wait: true, timeout: 300 });
  });

  test("depends on what it is told to", () => {
    expect(resource.depends_on).toEqual(["cluster.cluster"]);
  });

  test("is named after its chart, unless told otherwise", () => {
    expect([resource.name, release({ releaseName: "other" }).name]).toEqual(["widget", "other"]);
  });

  test("has no values where none are given", () => {
    expect(resource).not.toHaveProperty("values");
  });
});

describe("an upstream chart", () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "charts-"));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test("comes from its own repository at its pinned version", () => {
    expect(release({})).toMatchObject({ repository: upstream.repository, chart: "widget", version: "1.2.3" });
  });

  test.each(["oci://mirror.example.org/charts", "https://mirror.example.org/charts"])(
    "comes from the mirror %s",
    (mirror) => {
      expect(release({ chartRegistry: mirror })).toMatchObject({
        repository: mirror,
        chart: "widget",
        version: "1.2.3",
      });
    },
  );

  test("comes from a folder of archives, as an asset of the stack", () => {
    writeFileSync(join(folder, "widget-1.2.3.tgz"), "archive");
    const { chart, repository, version } = release({ chartRegistry: folder });
    expect(chart).toMatch(/^\.\/assets\/widget_chart_[0-9A-F]+\/[0-9A-F]+\/widget-1\.2\.3\.tgz$/);
    expect([repository, version]).toEqual([undefined, "1.2.3"]);
    rmSync(join(folder, "widget-1.2.3.tgz"));
  });

  test("comes from a folder of chart folders", () => {
    mkdirSync(join(folder, "widget"));
    writeFileSync(join(folder, "widget/Chart.yaml"), 'name: widget\nversion: "1.2.2"\n');
    const { chart, version } = release({ chartRegistry: folder });
    expect(chart).toMatch(/^\.\/assets\/widget_chart_[0-9A-F]+\/[0-9A-F]+$/);
    // A source tree is stamped only when it is published; helm 3.1.1 refuses any other version than the chart's own.
    expect(version).toBe("1.2.2");
    rmSync(join(folder, "widget"), { recursive: true });
  });

  test("is found in a folder relative to where the program runs", () => {
    writeFileSync(join(folder, "widget-1.2.3.tgz"), "archive");
    expect(release({ chartRegistry: relative(process.cwd(), folder) }).chart).toMatch(/widget-1\.2\.3\.tgz$/);
    rmSync(join(folder, "widget-1.2.3.tgz"));
  });

  test("is refused where the folder lacks its version", () => {
    writeFileSync(join(folder, "widget-1.2.2.tgz"), "archive");
    expect(() => release({ chartRegistry: folder })).toThrow(/widget\.chartRegistry\n.*\n.*widget-1\.2\.3\.tgz/);
  });
});

describe("a chart of this package", () => {
  const resource = release({ chart: { local: "secret-stores" } });

  test("is an asset, whose path changes with its content", () => {
    expect(resource.chart).toMatch(/^\.\/assets\/widget_chart_[0-9A-F]+\/[0-9A-F]{32}$/);
  });

  test("is planned at its own version", () => {
    expect(resource.version).toBe("0.1.0");
  });

  test("is refused where there is none of that name", () => {
    expect(() => release({ chart: { local: "nowhere" } })).toThrow(/no chart nowhere in/);
  });
});
