import { once } from "node:events";
import type { Command } from "commander";
import { EXIT } from "../../exit-codes";
import { port } from "../arguments";
import type { Run } from "../command";
import { ending } from "../help";
import { exposeState } from "../metrics/exposition";
import { serveMetrics } from "../metrics/server";

export function addMetrics(program: Command, run: Run): void {
  program
    .command("metrics")
    .summary("Print or serve metrics for Prometheus.")
    .description("Print what the repository says in Prometheus's text format, or serve it at /metrics.")
    .option("--listen <port>", "serve it until the program is told to end", port)
    .addHelpText(
      "after",
      ending(
        ["moodle-backup metrics > /var/lib/node_exporter/moodle_backup.prom", "moodle-backup metrics --listen 9181"],
        [EXIT.noRepository],
      ),
    )
    .action(({ listen }: { readonly listen?: number }, command: Command) =>
      run(command, async (session) => {
        const { operations, world, progress, configuration } = session;
        const wanted = { cloudSnapshots: configuration.cloudSnapshots !== undefined };
        const common = await session.common();
        const read = async () => exposeState(await operations.readState(common), wanted);
        if (listen === undefined) {
          const text = await read();
          return { report: { metrics: text }, text: text.trimEnd() };
        }
        const server = await serveMetrics(listen, read, world.clock, (error) =>
          progress({ kind: "warning", message: (error as Error).message }),
        );
        progress({ kind: "note", message: `serving /metrics on port ${server.port}` });
        if (!world.signal.aborted) await once(world.signal, "abort");
        await server.close();
        return { report: {}, text: "" };
      }),
    );
}
