#!/usr/bin/env node
import { parseArgs } from "node:util";
import { ConfigurationError, loadConfiguration } from "./configuration";
import { serveMetrics } from "./exposition";
import { ApiServer } from "./kubernetes/api-server";
import { describeError, Log } from "./log";
import { PrometheusServer } from "./metrics/prometheus";
import { reconcile } from "./reconcile";
import { remove } from "./remove";

const USAGE = `model-rollout [run] [--config FILE]                one run: at most one step for each model
model-rollout metrics --listen PORT [--config FILE] serves the state of every rollout to Prometheus
model-rollout remove [--cron-job NAME] [--config FILE] deletes what serves, and waits until it is gone`;

/** Exit codes: 0 done, 1 something failed and is tried again by the next run, 2 the configuration cannot work. */
async function main(): Promise<number> {
  const log = new Log();
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: "string", default: "/etc/model-rollout/config.json" },
      listen: { type: "string" },
      "cron-job": { type: "string" },
    },
  });
  const [command = "run"] = positionals;
  try {
    const { models, prometheus, deadlineSeconds } = loadConfiguration(values.config);
    const cluster = ApiServer.inCluster(process.env.MODEL_ROLLOUT_SERVICE_ACCOUNT);
    if (command === "metrics" && values.listen !== undefined) {
      const server = serveMetrics(cluster, models, Number(values.listen), log);
      await new Promise((done) => process.once("SIGTERM", () => server.close(done)));
      return 0;
    }
    // As the first process of a container, Node ignores SIGTERM unless it is told otherwise. Every step can be interrupted.
    process.once("SIGTERM", () => process.exit(1));
    setTimeout(() => {
      log.error("gave up at the deadline", { seconds: deadlineSeconds });
      process.exit(1);
    }, deadlineSeconds * 1000).unref();
    if (command === "remove") {
      await remove(cluster, models, log, { cronJob: values["cron-job"] });
      return 0;
    }
    if (command !== "run") {
      log.error(`no command ${command}\n${USAGE}`);
      return 2;
    }
    let code = 0;
    const surroundings = { cluster, prometheus: new PrometheusServer(prometheus), now: () => new Date(), log };
    // One model's trouble is not another's.
    for (const model of models) {
      await reconcile(model, surroundings).catch((error) => {
        log.error(describeError(error), { model });
        code = 1;
      });
    }
    return code;
  } catch (error) {
    log.error(describeError(error));
    return error instanceof ConfigurationError ? 2 : 1;
  }
}

main().then((code) => process.exit(code));
