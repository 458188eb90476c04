import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";

/**
 * Stands between the program and its database and counts what the program sends: a statement, or a step of a handshake,
 * is one chunk. It cannot read them, since TLS ends at the database.
 */
export class CountingProxy {
  private count = 0;
  private readonly sockets = new Set<Socket>();
  /** Called after each chunk has been passed on. */
  onChunk: (count: number) => void = () => {};

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(target: number, port = 0): Promise<CountingProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const proxy = new CountingProxy(server, (server.address() as { port: number }).port);
    server.on("connection", (client) => proxy.pass(client, target));
    return proxy;
  }

  restart(onChunk: (count: number) => void = () => {}): void {
    this.count = 0;
    this.onChunk = onChunk;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(client: Socket, target: number): void {
    const upstream = connectSocket({ host: "127.0.0.1", port: target });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.sockets.delete(socket);
        other.end();
      });
    }
    upstream.pipe(client);
    client.on("data", (chunk) => {
      upstream.write(chunk);
      this.onChunk(++this.count);
    });
  }
}
