#!/usr/bin/env node
import { ConfigurationError, loadConfiguration } from "./configuration";
import { describeError, Log } from "./log";
import { run } from "./run";

const DEFAULT_PATH = "/etc/database-roles/config.json";

/** Exit codes: 0 done, 1 failed and may be run again, 2 the configuration cannot work. */
async function main(): Promise<number> {
  const log = new Log();
  try {
    const { configuration, caCertificates } = loadConfiguration(process.argv[2] ?? DEFAULT_PATH);
    // Each wait is bounded on its own; this ends what nobody thought of.
    setTimeout(() => {
      log.error("gave up at the deadline", { seconds: configuration.deadlineSeconds });
      process.exit(1);
    }, configuration.deadlineSeconds * 1000).unref();
    await run(configuration, caCertificates, log);
    log.info("secrets and database agree");
    return 0;
  } catch (error) {
    if (error instanceof ConfigurationError) {
      log.error(error.message, { faults: error.faults });
      return 2;
    }
    log.error(describeError(error));
    return 1;
  }
}

// As the first process of a container, Node ignores SIGTERM unless it is told otherwise. Every step can be interrupted.
process.once("SIGTERM", () => process.exit(1));
main().then((code) => process.exit(code));
