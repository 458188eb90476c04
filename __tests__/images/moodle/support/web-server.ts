import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { type IncomingHttpHeaders, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../../servers/support/process";
import type { MoodleFolder } from "./moodle-folder";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One command of the image, and what it has said. */
export class Process {
  output = "";
  private readonly ended: Promise<number | null>;

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (this.output += chunk));
    this.ended = new Promise((resolve) => child.once("close", resolve));
  }

  /** Waits until it has said something. */
  async says(text: string): Promise<void> {
    for (let attempt = 0; attempt < 200 && !this.output.includes(text); attempt++) await sleep(50);
    expect(this.output).toContain(text);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Its exit code. */
  end(): Promise<number | null> {
    return this.ended;
  }
}

/** `moodle nginx` and `moodle php-fpm` of one folder. */
export class WebServer {
  private constructor(
    readonly nginx: Process,
    readonly phpFpm: Process,
    private readonly port: number,
    private readonly internalPort: number,
  ) {}

  static async start(folder: MoodleFolder, environment: Record<string, string> = {}): Promise<WebServer> {
    const [port, internalPort] = [await freePort(), await freePort()];
    const all = { ...environment, MOODLE_HTTP_PORT: `${port}`, MOODLE_INTERNAL_PORT: `${internalPort}` };
    const phpFpm = new Process(folder.start(["php-fpm"], all));
    await phpFpm.says("ready to handle connections");
    const nginx = new Process(folder.start(["nginx"], all));
    const server = new WebServer(nginx, phpFpm, port, internalPort);
    for (let attempt = 0; attempt < 100; attempt++) {
      try {
        await server.get("/livez/nginx");
        return server;
      } catch {
        await sleep(50);
      }
    }
    throw new Error(nginx.output);
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return send({ port: this.port, path, headers });
  }

  post(path: string, body: Buffer): Promise<Answer> {
    return send({ port: this.port, path, method: "POST", headers: {} }, body);
  }

  internal(path: string): Promise<Answer> {
    return send({ port: this.internalPort, path, headers: {} });
  }

  async stop(): Promise<void> {
    for (const process of [this.nginx, this.phpFpm]) {
      process.signal("SIGQUIT");
      await process.end();
    }
  }
}

/** Paths go out as they are: `fetch` would take dots and encoded letters away. */
function send(
  options: { port: number; path: string; method?: string; headers: Record<string, string> },
  body?: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", agent: false, ...options }, (answer) => {
      let text = "";
      answer.setEncoding("latin1");
      answer.on("data", (chunk) => (text += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
      answer.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
