/** `npm run docs [-- --check]`: writes the generated pages, or fails where one is not as it would be written. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import * as shared from "../../constructs";
import * as aws from "../../constructs/aws";
import * as google from "../../constructs/google";
import { backupConfigurationPage } from "./backup";
import { chartValuesPage } from "./chart-values";
import { constructsPage } from "./constructs";
import { DEFINITIONS } from "./custom-resources";
import { environmentPage } from "./environment";
import { namesPage } from "./names";
import { resourcesPage } from "./resources";
import { sizingPage } from "./sizing";
import { versionsPage } from "./versions";

const PAGES: Readonly<Record<string, () => string>> = {
  "docs/reference/environment.md": environmentPage,
  "docs/reference/constructs.md": () =>
    constructsPage("constructs", join(__dirname, "../../constructs"), {
      "moodle-platform": Object.keys(shared),
      "moodle-platform/aws": Object.keys(aws),
      "moodle-platform/google": Object.keys(google),
    }),
  "docs/reference/backup-configuration.md": backupConfigurationPage,
  "docs/reference/backup-chart.md": () => chartValuesPage("charts", "backup"),
  "docs/reference/model-rollout-chart.md": () => chartValuesPage("charts", "model-rollout"),
  "docs/reference/moodle-chart.md": () => chartValuesPage("charts", "moodle"),
  "docs/reference/operator-chart.md": () => chartValuesPage("charts", "moodle-operator"),
  "docs/reference/resources.md": resourcesPage,
  "docs/names.md": namesPage,
  "docs/sizing.md": sizingPage,
  "docs/versions.md": versionsPage,
  ...DEFINITIONS,
};

const { check } = parseArgs({ options: { check: { type: "boolean", default: false } } }).values;
for (const [path, page] of Object.entries(PAGES)) {
  const text = `${page().trimEnd()}\n`;
  if (!check) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    console.error(`${path} is stale: run npm run docs and commit it`);
    process.exitCode = 1;
  }
}
if (check && process.exitCode === undefined) console.log("the generated pages are up to date");
