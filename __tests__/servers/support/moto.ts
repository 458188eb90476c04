import { execFileSync } from "node:child_process";
import { freePort, ServerProcess } from "./process";

/** AWS as moto answers for it: https://docs.getmoto.org/en/latest/docs/server_mode.html */
export class MotoServer {
  private constructor(
    private readonly process: ServerProcess,
    private readonly port: number,
  ) {}

  static async start(): Promise<MotoServer> {
    try {
      execFileSync("python3", ["-c", "import moto.server, flask"], { stdio: "pipe" });
    } catch {
      throw new Error("moto is not installed: pip3 install 'moto[server]'");
    }
    const port = await freePort();
    const process = new ServerProcess("python3", ["-m", "moto.server", "--port", String(port)], {});
    const server = new MotoServer(process, port);
    await process.ready(() => fetch(`http://127.0.0.1:${port}/moto-api/`));
    return server;
  }

  environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${this.port}`,
      AWS_ACCESS_KEY_ID: "testing",
      AWS_SECRET_ACCESS_KEY: "testing",
    };
  }

  stop(): Promise<void> {
    return this.process.stop("SIGTERM");
  }
}
