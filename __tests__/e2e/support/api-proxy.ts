import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Agent, createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { type Certificates, makeCertificates } from "../../servers/support/certificates";

/** Rights that requests needed: `<group>/<resource> <verb>`, a subresource after a further slash. */
export type Right = string;

/** Stands between a program and the API server: notes what is asked, and breaks what a test wants broken. */
export class ApiProxy {
  /** Rights that were used; what was refused is not among them. */
  readonly used = new Set<Right>();
  /** Collections that were listed, one entry a request. */
  readonly lists: string[] = [];
  /** Watches that are to be told that their version is too old. */
  private expiring = 0;
  private readonly watches = new Set<ServerResponse>();
  private readonly agent: Agent;
  private readonly server: Server;
  private readonly certificates: Certificates;

  private constructor(
    private readonly upstream: URL,
    ca: Buffer,
  ) {
    this.agent = new Agent({ keepAlive: true, ca });
    const folder = mkdtempSync(join(tmpdir(), "api-proxy-"));
    this.certificates = makeCertificates(folder);
    rmSync(folder, { recursive: true });
    this.server = createServer(this.certificates, (incoming, outgoing) => this.pass(incoming, outgoing));
  }

  /** In front of the API server that a kubeconfig names. */
  static async start(kubeconfig = process.env.KUBECONFIG ?? ""): Promise<ApiProxy> {
    const [{ cluster }] = parse(readFileSync(kubeconfig, "utf8")).clusters;
    const { "certificate-authority": file, "certificate-authority-data": data } = cluster;
    const ca = data === undefined ? readFileSync(file) : Buffer.from(data, "base64");
    const proxy = new ApiProxy(new URL(cluster.server), ca);
    await new Promise<void>((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** It as the cluster of a kubeconfig. Without TLS, clients would keep their token to themselves. */
  get access(): Readonly<Record<string, string>> {
    const server = `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return { server, "certificate-authority-data": Buffer.from(this.certificates.ca).toString("base64") };
  }

  get watching(): number {
    return this.watches.size;
  }

  /** Cuts every watch off in the middle. */
  cutWatches(): void {
    for (const response of this.watches) response.destroy();
  }

  /** Cuts every watch off, and answers the next ones that the version from which they go on is too old. */
  expireWatches(): void {
    this.expiring = this.watches.size;
    this.cutWatches();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.agent.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const url = new URL(incoming.url ?? "/", this.upstream);
    const isWatch = url.searchParams.get("watch") === "true";
    if (isWatch && this.expiring > 0) {
      this.expiring--;
      const status = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Expired", code: 410 };
      const event = { type: "ERROR", object: { ...status, message: "too old resource version" } };
      outgoing.writeHead(200, { "content-type": "application/json" }).end(`${JSON.stringify(event)}\n`);
      return;
    }
    const { host: _, ...headers } = incoming.headers;
    const options = { method: incoming.method, headers, agent: this.agent };
    const forwarded = request(url, options, (answer) => {
      if (answer.statusCode !== 403) this.note(incoming.method ?? "GET", url, isWatch);
      if (isWatch) {
        this.watches.add(outgoing);
        outgoing.once("close", () => {
          this.watches.delete(outgoing);
          answer.destroy();
        });
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      answer.once("error", () => outgoing.destroy());
    });
    forwarded.once("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  }

  private note(method: string, { pathname }: URL, isWatch: boolean): void {
    const [, group = "", resource, name, subresource] =
      /^\/(?:api|apis\/([^/]+))\/v[^/]+(?:\/namespaces\/[^/]+(?=\/))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(
        pathname,
      ) ?? [];
    // Which kinds there are, everybody may ask.
    if (resource === undefined) return;
    const verb = verbOf(method, name, isWatch);
    if (verb === "list") this.lists.push(resource);
    this.used.add(`${group}/${resource}${subresource === undefined ? "" : `/${subresource}`} ${verb}`);
  }
}

function verbOf(method: string, name: string | undefined, isWatch: boolean): string {
  if (method === "GET" && isWatch) return "watch";
  if (method === "GET") return name === undefined ? "list" : "get";
  const verbs: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };
  return verbs[method] ?? method;
}
