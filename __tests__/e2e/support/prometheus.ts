import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Whether Debian's package `prometheus` is installed. */
export const hasPrometheus = (): boolean => spawnSync("prometheus", ["--version"]).status === 0;

/** A Prometheus that scrapes one target every second: a page that the test writes. */
export class ScrapingPrometheus {
  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly target: Server,
    private readonly child: ChildProcess,
  ) {}

  static async start(page: () => string): Promise<ScrapingPrometheus> {
    const folder = mkdtempSync(join(tmpdir(), "prometheus-"));
    const target = await listen(createServer((_, response) => response.end(page())));
    const probe = await listen(createServer());
    const port = portOf(probe);
    await new Promise((done) => probe.close(done));
    const configuration = {
      global: { scrape_interval: "1s", scrape_timeout: "1s" },
      scrape_configs: [{ job_name: "models", static_configs: [{ targets: [`127.0.0.1:${portOf(target)}`] }] }],
    };
    writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(configuration));
    const child = spawn(
      "prometheus",
      [
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=error",
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    const url = `http://127.0.0.1:${port}`;
    for (let triesLeft = 100; ; triesLeft--) {
      const isReady = await fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isReady) return new ScrapingPrometheus(url, folder, target, child);
      if (triesLeft === 0 || child.exitCode !== null) throw new Error("Prometheus does not become ready");
      await sleep(200);
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill();
    await ended;
    this.target.closeAllConnections();
    this.target.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function listen(server: Server): Promise<Server> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
}
