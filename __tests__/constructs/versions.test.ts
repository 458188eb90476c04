import { readdirSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_TAG } from "../../constructs/versions";

const root = join(__dirname, "../..");
const versionOf = (folder: string): string => require(join(root, folder, "package.json")).version;

test.each([".", ...readdirSync(join(root, "services")).map((service) => `services/${service}`)])(
  "images are tagged with the version of the package in %s",
  (folder) => {
    expect(versionOf(folder)).toBe(IMAGE_TAG);
  },
);
