import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { CHARTS, IMAGE_TAG, KNATIVE, UPSTREAM_IMAGES } from "../../constructs/versions";
import { awsSchema } from "../../environments/aws-schema";
import { googleSchema } from "../../environments/google-schema";
import type { Resource } from "../support/template";

const root = join(__dirname, "../..");
const versionOf = (folder: string): string => require(join(root, folder, "package.json")).version;

test.each([".", ...readdirSync(join(root, "services")).map((service) => `services/${service}`)])(
  "images are tagged with the version of the package in %s",
  (folder) => {
    expect(versionOf(folder)).toBe(IMAGE_TAG);
  },
);

test.each(readdirSync(join(root, "charts")))("the chart %s has the version of the package", (name) => {
  expect(parse(readFileSync(join(root, "charts", name, "Chart.yaml"), "utf8")).version).toBe(versionOf("."));
});

test("the Moodle chart runs images of the versions pinned here", () => {
  const { web, antivirus } = parse(readFileSync(join(root, "charts/moodle/values.yaml"), "utf8"));
  expect(web.exporter.image).toEqual(UPSTREAM_IMAGES.nginxPrometheusExporter);
  expect(antivirus.image).toEqual(UPSTREAM_IMAGES.clamav);
});

test.each(["knative", "knative-wait", "acme-issuer"])("the %s chart waits by the version pinned here", (name) => {
  const { image } = parse(readFileSync(join(root, "charts", name, "values.yaml"), "utf8"));
  expect(image).toEqual(UPSTREAM_IMAGES.kubectl);
});

test("versions of models are fetched by KServe's own program, of the version that serves them", () => {
  const { image } = parse(readFileSync(join(root, "charts/model-cache/values.yaml"), "utf8"));
  expect(image).toEqual(UPSTREAM_IMAGES.storageInitializer);
  expect(image.tag).toBe(CHARTS.kserveResources.version);
});

test("Knative's operator is of the version that it installs", () => {
  expect(CHARTS.knativeOperator.version).toBe(`v${KNATIVE}`);
});

test("drills restore on servers of the versions pinned here", () => {
  const { postgresql, mysql, mariadb } = UPSTREAM_IMAGES;
  const { drill } = parse(readFileSync(join(root, "charts/backup/values.yaml"), "utf8"));
  expect(drill.images).toEqual({ postgresql, mysql, mariadb });
});

test.each([
  ["AWS", awsSchema],
  ["Google Cloud", googleSchema],
])("no database that a site on %s may have is newer than the server of its drills", (_, schema) => {
  const { properties } = z.toJSONSchema(schema, { io: "input" }) as Resource;
  const engines: Resource[] = properties.database.oneOf;
  expect(engines.length).toBeGreaterThan(1);
  for (const { properties: database } of engines) {
    const { tag } = UPSTREAM_IMAGES[database.engine.const as "postgresql" | "mysql" | "mariadb"];
    for (const version of database.version.enum) {
      const drill = tag.split(/[.-]/).slice(0, version.split(".").length).join(".");
      expect(drill.localeCompare(version, "en", { numeric: true })).toBeGreaterThanOrEqual(0);
    }
  }
});
