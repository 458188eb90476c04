/**
 * A real Kubernetes control plane with simulated nodes, for tests of what runs in the cluster. `start.ts` starts one for
 * the whole run and `stop.ts` ends it; a test file begins with `describeOnTestbed` and makes namespaces of its own.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { apply } from "./apply";

const ROOT = resolve(__dirname, "../../..");

/** Folder with `up` and `down`; the custom resource definitions lie in `crds` beside it. */
export const TESTBED = resolve(ROOT, process.env.TESTBED ?? "../shared/testbed");

/** Why there is no cluster to test on, or undefined where there is one. */
export function missingTestbed(): string | undefined {
  return existsSync(join(TESTBED, "up")) ? undefined : `no testbed at ${TESTBED}; name its folder in TESTBED`;
}

/** Like `describe`; every test is skipped where there is no testbed. */
export function describeOnTestbed(name: string, tests: () => void): void {
  (missingTestbed() === undefined ? describe : describe.skip)(name, tests);
}

export interface RunOptions {
  /** Given on standard input. */
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds. @default none */
  readonly timeout?: number;
}

/** Runs a program to its end and returns its standard output; a failure carries its standard error. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((done, failed) => {
    const child = execFile(
      command,
      [...args],
      { ...options, env: { ...process.env, ...options.env }, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) done(stdout);
        else failed(new Error(`${command} ${args.join(" ")}\n${stderr || stdout || error.message}`));
      },
    );
    child.stdin?.on("error", () => {}); // a program that fails early closes its input; its own error says more
    child.stdin?.end(options.input ?? "");
  });
}

export const kubectl = (args: readonly string[], options?: RunOptions) => run("kubectl", args, options);

export const helm = (args: readonly string[], options?: RunOptions) => run("helm", args, options);

/** An object, or a list where no name is given, as the API server holds it. */
// biome-ignore lint/suspicious/noExplicitAny: JSON is asserted on field by field
export async function get(args: readonly string[], namespace?: string): Promise<any> {
  const scope = namespace === undefined ? [] : ["--namespace", namespace];
  return JSON.parse(await kubectl(["get", ...args, ...scope, "--output=json"]));
}

/** A namespace that enforces the Pod Security level `restricted`. */
export async function createNamespace(name: string): Promise<void> {
  await apply(
    JSON.stringify({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    }),
  );
}

/** Lets no pod be made in a namespace, until the quota `none` is deleted. */
export async function refusePods(namespace: string): Promise<void> {
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "none" }, spec: { hard: { pods: "0" } } };
  await apply(JSON.stringify(quota), namespace);
  // It holds once its controller has counted what there is.
  const counted = ["wait", "resourcequota/none", "--for=jsonpath={.status.hard.pods}=0", "--timeout=60s"];
  await kubectl([...counted, "--namespace", namespace]);
}

/** Absolute path of a chart of this project. */
export const chartFolder = (name: string): string => join(ROOT, "charts", name);
