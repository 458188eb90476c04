/** The operator under measurement, a process of its own: `operator.js <API server> <port> <charts> <drift interval>`. */
import { join } from "node:path";
import pino from "pino";
import { ApiServer } from "../src/api-server/api-server";
import { Resources } from "../src/api-server/resources";
import { loadChart } from "../src/helm/charts";
import { serveEndpoints } from "../src/kernel/endpoints";
import { Metrics } from "../src/kernel/metrics";
import { Operator } from "../src/program/operator";
import { RecordingHelm } from "./helm";
import { NAMESPACE } from "./sites";

async function main([address = "", port = "", charts = "", interval]: readonly string[]): Promise<void> {
  const metrics = new Metrics();
  const connection = { server: new URL(address), authorize: async () => ({}), helmEnvironment: async () => ({}) };
  const server = new ApiServer(connection, metrics.calls);
  const operator = new Operator({
    server,
    helm: new RecordingHelm(new Resources(server)),
    charts: { moodle: loadChart(join(charts, "moodle")), backup: loadChart(join(charts, "backup")) },
    namespaces: [NAMESPACE],
    // The default of the command line.
    workers: 16,
    driftInterval: Number(interval),
    stores: {},
    credentialsInterval: 300_000,
    instance: "bench",
    metrics,
    log: pino({ level: "warn" }),
  });
  await serveEndpoints(Number(port), metrics, () => operator.stale(300_000));
  await operator.start();
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
