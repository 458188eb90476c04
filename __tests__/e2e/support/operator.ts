/** Processes of the operator, with the rights of its chart and no others. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import type { Resource } from "../../support/template";
import { objectsOf } from "./moodle-site";
import { apply, chartFolder, createNamespace, helm, kubectl } from "./testbed";

const ROOT = resolve(__dirname, "../../..");
const PROGRAM = join(ROOT, "services/operator/dist/cli/main.js");

export interface OperatorOptions {
  /** Namespace of the operator, and those of its sites; all are made here. */
  readonly namespace: string;
  readonly sites: readonly string[];
  readonly args?: readonly string[];
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
    await apply(objects.map((object) => JSON.stringify(inNamespace(object, namespace))).join("\n"));
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
    writeFileSync(this.kubeconfig, stringify({ ...config, users: [{ ...user, user: { token: token.trim() } }] }));
  }

  get kubeconfig(): string {
    return join(this.folder, "kubeconfig");
  }

  async start(): Promise<{ readonly child: ChildProcess; readonly port: number }> {
    const { namespace, sites, args = [] } = this.options;
    const port = await freePort();
    const options = ["--namespaces", sites.join(","), "--lease-namespace", namespace, "--charts", join(ROOT, "charts")];
    const child = spawn(process.execPath, [PROGRAM, "run", ...options, "--port", String(port), ...args], {
      env: { ...process.env, KUBECONFIG: this.kubeconfig },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text: Buffer) => {
        this.log += text;
      });
    }
    this.processes.add(child);
    child.once("exit", () => this.processes.delete(child));
    return { child, port };
  }

  /** Ends a process, and returns its exit code. */
  async end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<number | null> {
    const exited = new Promise<number | null>((done) => child.once("exit", done));
    child.kill(signal);
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

/** As Helm would place an object that names no namespace. */
function inNamespace(object: Resource, namespace: string): Resource {
  if (object.kind === "CustomResourceDefinition") return object;
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
