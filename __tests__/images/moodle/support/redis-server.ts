import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certificates, makeCertificates } from "../../../servers/support/certificates";
import { freePort, ServerProcess } from "../../../servers/support/process";

/** A Redis that speaks TLS alone, at `localhost`, and wants a password. */
export class RedisServer {
  private constructor(
    readonly port: number,
    readonly certificates: Certificates,
    private readonly directory: string,
    private readonly server: ServerProcess,
  ) {}

  static async start(password: string): Promise<RedisServer> {
    const directory = mkdtempSync(join(tmpdir(), "redis-"));
    const certificates = makeCertificates(directory);
    const port = await freePort();
    const { caFile, certFile, keyFile } = certificates;
    const tls = ["--port", "0", "--tls-port", `${port}`, "--tls-cert-file", certFile, "--tls-key-file", keyFile];
    const clients = ["--tls-ca-cert-file", caFile, "--tls-auth-clients", "no", "--requirepass", password];
    const server = new ServerProcess("redis-server", [...tls, ...clients, "--save", ""], { cwd: directory });
    await server.ready(
      () => new Promise((resolve, reject) => connect(port, "127.0.0.1").once("connect", resolve).once("error", reject)),
    );
    return new RedisServer(port, certificates, directory, server);
  }

  async stop(): Promise<void> {
    await this.server.stop("SIGTERM");
    rmSync(this.directory, { recursive: true });
  }
}
