import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../../servers/support/process";
import type { MoodleFolder } from "./moodle-folder";
import { Process } from "./web-server";

/** `moodle metrics` of one folder. */
export class MetricsServer {
  private constructor(
    private readonly process: Process,
    private readonly port: number,
  ) {}

  static async start(folder: MoodleFolder, environment: Record<string, string> = {}): Promise<MetricsServer> {
    const port = await freePort();
    const process = new Process(folder.start(["metrics"], { ...environment, MOODLE_METRICS_PORT: `${port}` }));
    const server = new MetricsServer(process, port);
    for (let attempt = 0; ; attempt++) {
      try {
        await server.get("/");
        return server;
      } catch (error) {
        if (attempt === 100) throw error;
        await sleep(50);
      }
    }
  }

  get(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`);
  }

  /** Lines of what it tells. */
  async scrape(): Promise<string[]> {
    const answer = await this.get("/metrics");
    expect(answer.status).toBe(200);
    return (await answer.text()).split("\n");
  }

  async stop(): Promise<void> {
    this.process.signal("SIGQUIT");
    await this.process.end();
  }
}
