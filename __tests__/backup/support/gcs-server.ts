import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GcsLimits, GcsStore } from "../../../services/backup/src/stores/gcs";
import { freePort, ServerProcess } from "../../servers/support/process";
import type { Protocol } from "./faulty-proxy";
import { GcsProtocol } from "./gcs-protocol";
import type { ProxiedServer } from "./proxied-site";
import { FAKE_GCS_SERVER, programPath } from "./servers";

const IMPATIENCE: GcsLimits = { idle: 1000, firstDelay: 50, chunk: 512 * 1024 };

/** An emulator of Google Cloud Storage on this machine. */
export class GcsServer implements ProxiedServer {
  private constructor(
    private readonly process: ServerProcess,
    private readonly root: string,
    readonly endpoint: string,
  ) {}

  static async start(): Promise<GcsServer> {
    const root = mkdtempSync(join(tmpdir(), "fake-gcs-"));
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    const process = new ServerProcess(
      programPath(FAKE_GCS_SERVER),
      [
        ...["-scheme", "http", "-host", "127.0.0.1", "-port", String(port), "-log-level", "error"],
        ...["-backend", "memory", "-external-url", endpoint, "-public-host", `127.0.0.1:${port}`],
      ],
      { cwd: root },
    );
    const server = new GcsServer(process, root, endpoint);
    await process.ready(() => fetch(`${endpoint}/storage/v1/b?project=test`));
    return server;
  }

  async makeBucket(bucket: string, { versioned = false } = {}): Promise<void> {
    const answer = await fetch(`${this.endpoint}/storage/v1/b?project=test`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: bucket, versioning: { enabled: versioned } }),
    });
    if (!answer.ok) throw new Error(`making ${bucket}: ${answer.status}`);
  }

  store(bucket: string, prefix = ""): GcsStore {
    return new GcsStore({ kind: "gcs", bucket, prefix, endpoint: this.endpoint });
  }

  impatientStore(bucket: string, prefix: string, endpoint: string): GcsStore {
    return new GcsStore({ kind: "gcs", bucket, prefix, endpoint }, IMPATIENCE);
  }

  newProtocol(): Protocol {
    return new GcsProtocol();
  }

  async stop(): Promise<void> {
    await this.process.stop("SIGTERM");
    rmSync(this.root, { recursive: true, force: true });
  }
}
