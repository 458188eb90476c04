import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { S3Store } from "../../../services/backup/src/stores/s3";
import type { S3Patience } from "../../../services/backup/src/stores/s3-client";
import { freePort, ServerProcess } from "../../servers/support/process";
import { LATE, type Protocol } from "./faulty-proxy";
import type { ProxiedServer } from "./proxied-site";
import { S3_PROTOCOL } from "./s3-protocol";
import { programPath, VERSITYGW } from "./servers";

const ACCESS = "test-access-key";
const SECRET = "test-secret-key";
export const REGION = "eu-central-1";

/** An answer that is late comes between the two. */
const IMPATIENCE: S3Patience = { idle: LATE - 1000, idleCopy: LATE + 1500 };

/** A real S3 server on this machine, with versions and object lock. */
export class S3Server implements ProxiedServer {
  private constructor(
    private readonly process: ServerProcess,
    private readonly root: string,
    readonly endpoint: string,
  ) {}

  /**
   * By default it keeps what it knows of an object in the file's extended attributes. Those of ext4 hold 4 KB, which are the
   * offsets of some 400 parts: for more, `sidecar` keeps them in files.
   */
  static async start({ sidecar = false } = {}): Promise<S3Server> {
    const root = mkdtempSync(join(tmpdir(), "versitygw-"));
    for (const folder of ["data", "versions", "sidecar"]) mkdirSync(join(root, folder));
    const port = await freePort();
    const process = new ServerProcess(
      programPath(VERSITYGW),
      [
        ...["--access", ACCESS, "--secret", SECRET, "--region", REGION, "--port", `127.0.0.1:${port}`, "--quiet"],
        ...["posix", "--versioning-dir", join(root, "versions")],
        ...(sidecar ? ["--sidecar", join(root, "sidecar")] : []),
        join(root, "data"),
      ],
      {},
    );
    const server = new S3Server(process, root, `http://127.0.0.1:${port}`);
    server.signIn();
    await process.ready(() => fetch(server.endpoint));
    return server;
  }

  /** The clients of this process find their credentials as in a pod: in the environment. */
  signIn(): void {
    process.env.AWS_ACCESS_KEY_ID = ACCESS;
    process.env.AWS_SECRET_ACCESS_KEY = SECRET;
  }

  environment(): Record<string, string> {
    return { AWS_ACCESS_KEY_ID: ACCESS, AWS_SECRET_ACCESS_KEY: SECRET };
  }

  async makeBucket(bucket: string, options: { versioned?: boolean; lock?: boolean } = {}): Promise<void> {
    const client = this.client();
    await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: options.lock }));
    if (options.versioned === true) {
      const VersioningConfiguration = { Status: "Enabled" } as const;
      await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
    }
    client.destroy();
  }

  store(bucket: string, prefix = "", endpoint = this.endpoint, patience?: S3Patience): S3Store {
    return new S3Store({ kind: "s3", bucket, prefix, region: REGION, endpoint }, patience);
  }

  impatientStore(bucket: string, prefix: string, endpoint: string): S3Store {
    return this.store(bucket, prefix, endpoint, IMPATIENCE);
  }

  newProtocol(): Protocol {
    return S3_PROTOCOL;
  }

  /** Where the server keeps the objects of a bucket, each as a file. */
  folder(bucket: string): string {
    return join(this.root, "data", bucket);
  }

  client(): S3Client {
    return new S3Client({ region: REGION, endpoint: this.endpoint, forcePathStyle: true });
  }

  async stop(): Promise<void> {
    await this.process.stop("SIGTERM");
    rmSync(this.root, { recursive: true, force: true });
  }
}
