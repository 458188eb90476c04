import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { freePort, ServerProcess } from "../../../servers/support/process";

/** Has no room for another connection, so that Linux lets whoever connects wait; then it listens at the first address. */
const PROGRAM = `
  [, $ready, $silent] = $argv;
  $context = stream_context_create(['socket' => ['backlog' => 0]]);
  foreach (explode(' ', $silent) as $address) {
    $open[] = stream_socket_server("tcp://$address", context: $context);
    $open[] = stream_socket_client("tcp://$address");
  }
  $open[] = stream_socket_server("tcp://$ready");
  sleep(600);`;

/** Addresses, as 127.0.0.2:5432, at which nobody answers, and nobody says so. */
export async function silence(addresses: readonly string[]): Promise<ServerProcess> {
  const port = await freePort();
  const server = new ServerProcess("php", ["-r", PROGRAM, "--", `127.0.0.1:${port}`, addresses.join(" ")], {});
  await server.ready(
    () => new Promise((resolve, reject) => connect(port, "127.0.0.1").once("connect", resolve).once("error", reject)),
  );
  return server;
}

/** Addresses at which every connection is taken, and nothing said. Whoever still waits after ten seconds is hung up on. */
export async function mute(addresses: readonly string[]): Promise<Pick<ServerProcess, "stop">> {
  const taken: Socket[] = [];
  const servers = addresses.map((address) => {
    const [host, port] = address.split(":");
    const server = createServer((socket) => taken.push(socket.setTimeout(10_000, () => socket.destroy())));
    return server.listen(Number(port), host);
  });
  await Promise.all(servers.map((server) => once(server, "listening")));
  const stop = async () => {
    for (const server of servers) server.close();
    for (const socket of taken) socket.destroy();
  };
  return { stop };
}
