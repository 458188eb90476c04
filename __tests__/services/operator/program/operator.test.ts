import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FINALIZER, PAUSE_ANNOTATION } from "@moodle-platform/api";
import { ApiServer } from "../../../../services/operator/src/api-server/api-server";
import type { KubeObject } from "../../../../services/operator/src/api-server/object";
import { type Helm, HelmError, type ReleaseName } from "../../../../services/operator/src/helm/helm";
import { Metrics } from "../../../../services/operator/src/kernel/metrics";
import { Operator } from "../../../../services/operator/src/program/operator";
import { silent } from "../support/log";

const GOING = "2027-01-01T00:00:00Z";

const backup = (namespace: string, metadata: Partial<KubeObject["metadata"]> = {}) => ({
  metadata: { name: "backup", namespace, uid: namespace, resourceVersion: "1", finalizers: [FINALIZER], ...metadata },
  spec: {
    ...{ cluster: "moodle", suspend: false, deletionPolicy: "Delete" },
    ...{ values: { schedules: {} }, maxAgeHours: {}, rollout: { timeoutSeconds: 600, attempts: 3, test: false } },
  },
});

/** An API server with a backup in each namespace, without releases. */
class SmallApiServer {
  /** Paths of which the list is refused. */
  readonly refused = new Set<string>();
  readonly going = new Set<string>();
  readonly paused = new Set<string>();
  readonly writes: string[] = [];
  private server?: Server;

  async listen(): Promise<URL> {
    this.server = createServer(({ method = "", url = "" }, response) => {
      const { pathname, searchParams } = new URL(url, "http://localhost");
      if (searchParams.has("watch")) response.writeHead(200).flushHeaders();
      else if (method === "GET") this.read(pathname, response);
      else {
        this.writes.push(`${method} ${pathname}`);
        response.end("{}");
      }
    });
    await new Promise<void>((resolve) => this.server?.listen(0, "127.0.0.1", resolve));
    return new URL(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}`);
  }

  close(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  private read(path: string, response: ServerResponse): void {
    const answer = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
    const [, namespace = "", plural = "", name] = /\/namespaces\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path) ?? [];
    if (this.refused.has(`${namespace}/${plural}`)) return void answer(403, { reason: "Forbidden", message: "no" });
    if (namespace === "") return void answer(404, { reason: "NotFound", message: "no such group" });
    const deletionTimestamp = this.going.has(namespace) ? GOING : undefined;
    if (plural === "") return void answer(200, { metadata: { name: namespace, deletionTimestamp } });
    const annotations = this.paused.has(namespace) ? { [PAUSE_ANNOTATION]: "" } : undefined;
    const item = backup(namespace, { deletionTimestamp, annotations });
    if (name !== undefined) return void answer(200, item);
    answer(200, { metadata: { resourceVersion: "1" }, items: plural === "moodlebackups" ? [item] : [] });
  }
}

const server = new SmallApiServer();
const installed: string[] = [];
const warnings: unknown[] = [];
let operator: Operator;

/** Has an operator look after two namespaces, where something in the second one is so. */
async function start(): Promise<void> {
  const connection = { server: await server.listen(), authorize: async () => ({}), helmEnvironment: async () => ({}) };
  const upgrade = async ({ namespace }: ReleaseName) => {
    installed.push(namespace);
    throw new HelmError("upgrade", "not here");
  };
  const chart = { folder: "/charts/backup", name: "backup", version: "backup-0.1.0", digest: "c" };
  operator = new Operator({
    server: new ApiServer(connection),
    helm: { upgrade } as unknown as Helm,
    charts: { moodle: chart, backup: chart },
    namespaces: ["sites", "other"],
    ...{ workers: 1, driftInterval: 60_000, stores: {}, credentialsInterval: 60_000, instance: "test" },
    metrics: new Metrics(),
    log: { ...silent, warn: (...words: unknown[]) => warnings.push(words) },
  });
  await operator.start();
}

const until = async (isDone: () => boolean) => {
  for (const end = Date.now() + 10_000; !isDone() && Date.now() < end; ) await new Promise((go) => setTimeout(go, 20));
};

const writesIn = (namespace: string) => server.writes.filter((write) => write.includes(`/namespaces/${namespace}/`));

afterEach(async () => {
  await operator.stop();
  server.close();
  for (const kept of [server.refused, server.going, server.paused]) kept.clear();
  for (const noted of [installed, warnings, server.writes]) noted.length = 0;
});

test("a namespace without rights keeps no other one waiting, and the log says what to do", async () => {
  for (const plural of ["moodleclusters", "moodlebackups", "moodlescalepolicies", "configmaps", "deployments"]) {
    server.refused.add(`other/${plural}`);
  }
  await start();
  await until(() => installed.length > 0);
  expect(installed).toContain("sites");
  expect(warnings).toContainEqual([
    { namespace: "other" },
    expect.stringMatching(/no right to list .* take it out of the chart's namespaces if it is gone/),
  ]);
  expect(operator.stale(300_000)).toContain("MoodleBackup in other: not listed yet");
});

test.each(["configmaps", "moodlescalepolicies", "cronjobs"])(
  "nothing is done in a namespace of which a part is not known, until it is: %s",
  async (plural) => {
    server.refused.add(`other/${plural}`);
    await start();
    await until(() => installed.includes("sites"));
    await new Promise((go) => setTimeout(go, 100));
    expect(writesIn("other")).toEqual([]);
    server.refused.clear();
    await until(() => installed.includes("other"));
    expect(installed).toContain("other");
  },
  20_000,
);

test("a resource goes along with a namespace of which nothing else is known", async () => {
  server.refused.add("other/configmaps");
  server.going.add("other");
  server.paused.add("other");
  await start();
  await until(() => writesIn("other").length > 0);
  expect(writesIn("other")).toEqual(["PATCH /apis/moodleplatform.io/v1alpha1/namespaces/other/moodlebackups/backup"]);
});
