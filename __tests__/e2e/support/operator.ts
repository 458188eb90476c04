/** Processes of the operator, with the rights of its chart and no others. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import type { MoodleWebProps } from "../../../constructs/workloads/moodle-web";
import type { Resource } from "../../support/template";
import type { ApiProxy } from "./api-proxy";
import { apply } from "./apply";
import { objectsOf, site, synthesize } from "./moodle-site";
import { chartFolder, createNamespace, get, helm, kubectl } from "./testbed";

const ROOT = resolve(__dirname, "../../..");
const PROGRAM = join(ROOT, "services/operator/dist/cli/main.js");

export interface OperatorOptions {
  /** Namespace of the operator, and those of its sites; all are made here. */
  readonly namespace: string;
  readonly sites: readonly string[];
  readonly args?: readonly string[];
  /** What its requests go through. @default straight to the API server */
  readonly proxy?: () => ApiProxy;
}

export interface StartOptions {
  readonly args?: readonly string[];
  /** Folder of its charts. @default this project's */
  readonly charts?: string;
  /** As in a pod: the API server by address, the token by a file in this folder. @default by kubeconfig */
  readonly serviceAccountFolder?: string;
}

/** A process of the operator. */
export interface Started {
  readonly child: ChildProcess;
  readonly port: number;
  readonly log: string;
}

/** An operator that is installed, and whose processes tests start and end. */
export class OperatorUnderTest {
  /** Everything that its processes logged. */
  log = "";
  private readonly folder = mkdtempSync(join(tmpdir(), "moodle-operator-e2e-"));
  private readonly processes = new Set<ChildProcess>();

  constructor(private readonly options: OperatorOptions) {}

  /** Applies the chart but for its Deployment: nothing runs on simulated nodes. */
  async install(): Promise<void> {
    const { namespace, sites } = this.options;
    await Promise.all([namespace, ...sites].map(createNamespace));
    const objects = (await this.manifests()).filter(({ kind }) => kind !== "Deployment");
    await apply(objects.map((object) => JSON.stringify(inNamespace(object, namespace))).join("\n---\n"));
    await kubectl(["wait", "crd/moodleclusters.moodleplatform.io", "--for=condition=Established", "--timeout=30s"]);
    await this.writeKubeconfig();
  }

  async manifests(): Promise<Resource[]> {
    const { namespace, sites } = this.options;
    const values = { image: "registry.example.edu/operator:0.1.0", namespaces: sites };
    const args = ["--namespace", namespace, "--kube-version", "1.35.0", "--values", "-"];
    return objectsOf(
      await helm(["template", "moodle-operator", chartFolder("moodle-operator"), ...args], {
        input: stringify(values),
      }),
    );
  }

  /** A kubeconfig of the chart's service account. */
  private async writeKubeconfig(): Promise<void> {
    const { namespace } = this.options;
    const token = await kubectl(["create", "token", "moodle-operator", "--namespace", namespace, "--duration", "2h"]);
    const config = parse(readFileSync(process.env.KUBECONFIG ?? "", "utf8"));
    const [user] = config.users;
    const [one] = config.clusters;
    const { proxy } = this.options;
    const cluster = proxy === undefined ? one : { ...one, cluster: proxy().access };
    const users = [{ ...user, user: { token: token.trim() } }];
    writeFileSync(this.kubeconfig, stringify({ ...config, clusters: [cluster], users }));
  }

  get kubeconfig(): string {
    return join(this.folder, "kubeconfig");
  }

  /** Each in a process group of its own, with the Helm that it starts: as in a container, both end together. */
  async start({ args = [], charts = join(ROOT, "charts"), serviceAccountFolder }: StartOptions = {}): Promise<Started> {
    const { namespace, sites, args: always = [] } = this.options;
    const port = await freePort();
    const options = ["--namespaces", sites.join(","), "--lease-namespace", namespace, "--charts", charts];
    const child = spawn(process.execPath, [PROGRAM, "run", ...options, "--port", String(port), ...always, ...args], {
      env: { ...process.env, ...this.environment(serviceAccountFolder) },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const own = { child, port, log: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text: Buffer) => {
        this.log += text;
        own.log += text;
      });
    }
    this.processes.add(child);
    child.once("exit", () => this.processes.delete(child));
    return own;
  }

  private environment(serviceAccountFolder: string | undefined): NodeJS.ProcessEnv {
    if (serviceAccountFolder === undefined) return { KUBECONFIG: this.kubeconfig };
    const [{ cluster }] = parse(readFileSync(process.env.KUBECONFIG ?? "", "utf8")).clusters;
    const { hostname, port } = new URL(cluster.server);
    return {
      KUBECONFIG: undefined,
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
      MOODLE_OPERATOR_SERVICE_ACCOUNT: serviceAccountFolder,
    };
  }

  /** Ends a process, and returns its exit code. */
  async end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<number | null> {
    const exited = new Promise<number | null>((done) => child.once("exit", done));
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    if (signal === "SIGTERM") child.kill(signal);
    else process.kill(-(child.pid ?? 0), signal);
    return exited;
  }

  async uninstall(): Promise<void> {
    await Promise.all([...this.processes].map((child) => this.end(child, "SIGKILL")));
    rmSync(this.folder, { recursive: true });
  }
}

/** Until a condition of a resource has a status, and its reason where one is given. */
export async function condition(
  kind: string,
  name: string,
  namespace: string,
  wanted: string,
  seconds = 90,
): Promise<Resource> {
  const [, type = "", status = "", reason] = /^(\w+)=(\w+)(?::(\w+))?$/.exec(wanted) ?? [];
  let last: Resource | undefined;
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(300)) {
    const object = parse(await kubectl(["get", kind, name, "--namespace", namespace, "--output=json"]));
    const found = object.status?.conditions?.find((one: Resource) => one.type === type);
    last = object.status;
    const isCurrent = found?.observedGeneration === object.metadata.generation;
    if (isCurrent && found.status === status && (reason === undefined || found.reason === reason)) return object;
  }
  throw new Error(`${kind} ${name} never had ${wanted}; last: ${JSON.stringify(last)}`);
}

/** A MoodleCluster of a site like `props`; `changes` are laid over its specification, `values` over its values. */
export function cluster(
  name: string,
  namespace: string,
  changes: Resource = {},
  values: Resource = {},
  props: Partial<MoodleWebProps> = {},
): string {
  const { values: standard } = synthesize(site(namespace, { releaseName: name, ...props }));
  const spec = {
    rollout: { timeoutSeconds: 120, attempts: 2 },
    deletionPolicy: "Delete",
    ...changes,
    values: {
      ...standard,
      ...values,
      serviceAccount: { name },
      files: { storageClassName: "shared", capacityGb: 1, retain: false },
    },
  };
  return stringify({ apiVersion: "moodleplatform.io/v1alpha1", kind: "MoodleCluster", metadata: { name }, spec });
}

/** A resource as the guide shows it. */
export function example(kind: string): Resource {
  const guide = readFileSync(join(ROOT, "docs/operator.md"), "utf8");
  const blocks = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ""]) => parse(text) as Resource);
  const found = blocks.find((block) => block.kind === kind);
  if (found === undefined) throw new Error(`docs/operator.md shows no ${kind}`);
  return { ...found, metadata: { name: found.metadata.name } };
}

export const patchCluster = (name: string, namespace: string, spec: Resource) =>
  kubectl([
    ...["patch", "moodlecluster", name, "--namespace", namespace],
    ...["--type=merge", "--patch", JSON.stringify({ spec })],
  ]);

const GATEWAY = { namespace: "kourier-system", serviceName: "kourier", port: 80 };

/** A site as a Knative Service. */
export const ON_KNATIVE: Partial<MoodleWebProps> = {
  knative: {
    namespace: "knative-serving",
    ingress: "kourier",
    ingressClass: "kourier.ingress.networking.knative.dev",
    gateway: GATEWAY,
    localGateway: { ...GATEWAY, serviceName: "kourier-internal" },
    ready: [],
  },
  web: { minReplicas: 0, maxReplicas: 20, cpu: 2, memoryMb: 3072 },
  route: { kind: "knative", proxyCidrs: ["10.20.0.0/16"] },
};

/** Plays Knative's controller: a Service that serves. */
export async function serveOnKnative(name: string, namespace: string): Promise<void> {
  for (let triesLeft = 60; ; triesLeft--) {
    try {
      const { metadata } = await get(["services.serving.knative.dev", name], namespace);
      const conditions = [{ type: "Ready", status: "True", lastTransitionTime: "2027-02-01T08:00:00Z" }];
      const status = JSON.stringify({ status: { observedGeneration: metadata.generation, conditions } });
      const patch = ["--subresource=status", "--type=merge", "--patch", status];
      await kubectl(["patch", "services.serving.knative.dev", name, "--namespace", namespace, ...patch]);
      return;
    } catch (error) {
      if (triesLeft === 0) throw error;
      await sleep(500);
    }
  }
}

/** Revisions of a release, as Helm's records tell them: `revision status`, newest first. */
export async function revisions(release: string, namespace: string): Promise<string[]> {
  const selector = `owner=helm,name=${release}`;
  const list = parse(
    await kubectl(["get", "configmaps", "--selector", selector, "--namespace", namespace, "--output=json"]),
  );
  return (list.items as Resource[])
    .map(({ metadata }) => metadata.labels)
    .sort((one, other) => Number(other.version) - Number(one.version))
    .map(({ version, status }) => `${version} ${status}`);
}

/** As Helm would place an object that names no namespace. Of several operators in a cluster, each has rights of its own. */
function inNamespace(object: Resource, namespace: string): Resource {
  if (object.kind === "CustomResourceDefinition") return object;
  if (object.kind.startsWith("Cluster")) {
    const { roleRef, metadata } = object;
    const name = `${metadata.name}-${namespace}`;
    return { ...object, metadata: { ...metadata, name }, ...(roleRef && { roleRef: { ...roleRef, name } }) };
  }
  return { ...object, metadata: { namespace, ...object.metadata } };
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Whether a process has begun to lead. */
export const leads = ({ log }: Started): boolean => log.includes('"leads"');

/** Returns the seconds that it took. */
export async function until(what: string, seconds: number, done: () => boolean | Promise<boolean>): Promise<number> {
  const began = Date.now();
  while (!(await done())) {
    if (Date.now() - began > seconds * 1000) throw new Error(`${what}: not within ${seconds} seconds`);
    await sleep(100);
  }
  return (Date.now() - began) / 1000;
}
