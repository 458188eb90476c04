import { spawn } from "node:child_process";
import type { Connection } from "../api-server/connection";
import { Slots } from "./slots";

/** A release, by where it is. */
export interface ReleaseName {
  readonly namespace: string;
  readonly name: string;
}

export interface Revision extends ReleaseName {
  /** Folder of the chart. */
  readonly chart: string;
  readonly values: unknown;
  /** Labels of the release's record. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What is needed of Helm, by the words of its commands. */
export interface Helm {
  /** Puts a revision in place; its objects need not be ready then. Returns its number. */
  upgrade(revision: Revision): Promise<number>;
  rollback(release: ReleaseName, revision: number): Promise<void>;
  /** @throws HelmError where a test fails */
  test(release: ReleaseName, timeoutSeconds: number): Promise<void>;
  uninstall(release: ReleaseName): Promise<void>;
  /** Name of the chart that the newest revision is of. */
  chart(release: ReleaseName): Promise<string>;
  /** Manifests of the newest revision. */
  manifest(release: ReleaseName): Promise<string>;
  /** Manifests that a revision would have. */
  template(revision: Omit<Revision, "labels">): Promise<string>;
}

/** Helm refused or failed. */
export class HelmError extends Error {
  override readonly name = "HelmError";

  constructor(
    readonly command: string,
    message: string,
  ) {
    super(message);
  }

  /** Whether the chart or its schema refuses these values, as it would refuse them again. */
  get refusesValues(): boolean {
    return /don't meet the specifications of the schema|execution error at|error calling fail/.test(this.message);
  }
}

export interface HelmProgramProps {
  readonly connection: Connection;
  /** @default helm */
  readonly program?: string;
  /** Folder that Helm may write: caches. */
  readonly home: string;
  /** Helm processes at a time. */
  readonly atOnce: number;
}

/** Revisions that Helm remembers: more than one specification can fail in. */
const HISTORY = "20";

/** Releases are kept in ConfigMaps, as the platform's Terraform keeps them: docs/adr/0003-helm-releases-in-configmaps.md. */
const DRIVER = { HELM_DRIVER: "configmap" };

/** The helm binary. It is never killed: whoever stops waits for it. */
export class HelmProgram implements Helm {
  private readonly slots: Slots;

  constructor(private readonly props: HelmProgramProps) {
    this.slots = new Slots(props.atOnce);
  }

  async upgrade({ namespace, name, chart, values, labels }: Revision): Promise<number> {
    const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const output = await this.run(
      [
        ...["upgrade", name, chart, "--namespace", namespace, "--install", "--history-max", HISTORY],
        ...["--labels", pairs.join(","), "--values", "-", "--output", "json"],
      ],
      JSON.stringify(values),
    );
    return (JSON.parse(output) as { version: number }).version;
  }

  async rollback({ namespace, name }: ReleaseName, revision: number): Promise<void> {
    await this.run(["rollback", name, String(revision), "--namespace", namespace, "--history-max", HISTORY]);
  }

  async test({ namespace, name }: ReleaseName, timeoutSeconds: number): Promise<void> {
    await this.run(["test", name, "--namespace", namespace, "--timeout", `${timeoutSeconds}s`]);
  }

  async uninstall({ namespace, name }: ReleaseName): Promise<void> {
    await this.run(["uninstall", name, "--namespace", namespace, "--ignore-not-found"]);
  }

  async chart({ namespace, name }: ReleaseName): Promise<string> {
    const output = await this.run(["get", "metadata", name, "--namespace", namespace, "--output", "json"]);
    return (JSON.parse(output) as { chart: string }).chart;
  }

  manifest({ namespace, name }: ReleaseName): Promise<string> {
    return this.run(["get", "manifest", name, "--namespace", namespace]);
  }

  template({ namespace, name, chart, values }: Omit<Revision, "labels">): Promise<string> {
    const options = ["--namespace", namespace, "--is-upgrade", "--no-hooks", "--validate", "--values", "-"];
    return this.run(["template", name, chart, ...options], JSON.stringify(values));
  }

  private run(args: readonly string[], input = ""): Promise<string> {
    return this.slots.with(() => this.spawn(args, input));
  }

  private async spawn(args: readonly string[], input: string): Promise<string> {
    const { connection, program = "helm", home } = this.props;
    const env = { ...process.env, ...DRIVER, HOME: home, ...(await connection.helmEnvironment()) };
    return new Promise((resolve, reject) => {
      const child = spawn(program, [...args], { env, stdio: ["pipe", "pipe", "pipe"] });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      child.once("error", reject);
      child.once("close", (code) => {
        if (code === 0) resolve(stdout);
        else reject(new HelmError(args[0] ?? "", withoutNoise(stderr) || `helm ended with ${code}`));
      });
      child.stdin.on("error", () => {}); // Helm may fail before it has read; its own message says why.
      child.stdin.end(input);
    });
  }
}

/** Helm's last words, without its warnings. */
function withoutNoise(stderr: string): string {
  return stderr
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^(WARNING|W\d{4}|I\d{4})/.test(line))
    .join("\n")
    .replace(/^Error: /, "")
    .slice(0, 4000);
}
