import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GcsStore } from "../../../services/backup/src/stores/gcs";
import { freePort, ServerProcess } from "../../servers/support/process";
import { FAKE_GCS_SERVER, programPath } from "./servers";

/** An emulator of Google Cloud Storage on this machine. */
export class GcsServer {
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

  async stop(): Promise<void> {
    await this.process.stop("SIGTERM");
    rmSync(this.root, { recursive: true, force: true });
  }
}
