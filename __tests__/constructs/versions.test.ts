import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { IMAGE_TAG, UPSTREAM_IMAGES } from "../../constructs/versions";

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
