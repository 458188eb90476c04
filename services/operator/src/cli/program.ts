import { readFileSync } from "node:fs";
import { storesSchema } from "@moodle-platform/database-roles";
import { Command, InvalidArgumentError, Option } from "commander";
import pino from "pino";
import { run } from "../program/run";
import { diff, render } from "./manifests";

const charts = new Option("--charts <folder>", "folder of the charts")
  .env("MOODLE_OPERATOR_CHARTS")
  .default("/app/charts");
const helm = new Option("--helm <program>", "the helm binary").env("MOODLE_OPERATOR_HELM").default("helm");

export const program = new Command("moodle-operator").description(
  "Keeps Moodle sites, their backups and their scaling as their resources say.",
);

program
  .command("run", { isDefault: true })
  .description("look after resources until SIGTERM; several processes elect one that does")
  .addOption(
    new Option("--namespaces <names>", "namespaces whose resources are looked after, with commas between")
      .env("MOODLE_OPERATOR_NAMESPACES")
      .argParser((text) => text.split(",").filter((name) => name !== ""))
      .makeOptionMandatory(),
  )
  .addOption(
    new Option("--lease-namespace <name>", "namespace of the lease")
      .env("MOODLE_OPERATOR_LEASE_NAMESPACE")
      .makeOptionMandatory(),
  )
  .addOption(new Option("--port <port>", "port of health, readiness and metrics").argParser(count).default(8080))
  .addOption(
    new Option("--workers <count>", "resources of one kind that are worked on at a time").argParser(count).default(16),
  )
  .addOption(new Option("--helm-processes <count>", "Helm processes at a time").argParser(count).default(4))
  .addOption(
    new Option("--drift-seconds <seconds>", "seconds between two comparisons of a site with its release")
      .argParser(count)
      .default(600),
  )
  .addOption(
    new Option("--stores <file>", "JSON of the secret stores in which the logins of sites are watched")
      .argParser((file) => storesSchema.parse(JSON.parse(readFileSync(file, "utf8"))))
      .default({}, "none"),
  )
  .addOption(
    new Option("--credentials-seconds <seconds>", "seconds between two looks at the logins of a site")
      .argParser(count)
      .default(300),
  )
  .addOption(
    new Option("--log-level <level>", "least level that is logged")
      .choices(["debug", "info", "warn", "error"])
      .default("info"),
  )
  .addOption(charts)
  .addOption(helm)
  .action(async ({ logLevel, ...options }) => {
    const log = pino({ level: logLevel, base: undefined, timestamp: pino.stdTimeFunctions.isoTime });
    const stop = new AbortController();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort());
    process.exit(await run(options, log, stop.signal));
  });

for (const [name, description, action] of [
  ["diff", "show where a site differs from what its MoodleCluster asks for; ends with 1 where it does", diff],
  ["render", "print the manifests that a MoodleCluster asks for", render],
] as const) {
  program
    .command(name)
    .description(description)
    .argument("<name>", "name of the MoodleCluster")
    .requiredOption("-n, --namespace <namespace>", "its namespace")
    .addOption(charts)
    .addOption(helm)
    .action(async (cluster: string, options) => process.exit(await action({ ...options, name: cluster })));
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 65535)
    throw new InvalidArgumentError("a whole number above 0");
  return number;
}
