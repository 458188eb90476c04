import { FINALIZER } from "@moodle-platform/api";
import type { KubeObject } from "../../../../services/operator/src/api-server/object";
import { type Helm, HelmError } from "../../../../services/operator/src/helm/helm";
import type { Finding } from "../../../../services/operator/src/kernel/conditions";
import type { Desired } from "../../../../services/operator/src/release/engine";
import { ReleaseOwners } from "../../../../services/operator/src/release/owner";
import type { Released } from "../../../../services/operator/src/release/released-kind";
import { Removal, type RemovalProps } from "../../../../services/operator/src/release/removal";

const TYPE = { apiVersion: "moodleplatform.io/v1alpha1", kind: "MoodleBackup", plural: "moodlebackups" };
const CHART = { folder: "/charts/backup", name: "backup", version: "backup-0.1.0", digest: "c" };

interface Scene {
  readonly deletionPolicy: "Retain" | "Snapshot" | "Delete";
  /** Labels of the newest record; none where there is no release. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly chart?: string;
  /** Of the namespace. */
  readonly deletionTimestamp?: string;
  /** What Helm fails in. */
  readonly failing?: "chart" | "uninstall";
}

/** What is done about a resource that is going, in order. */
async function done(scene: Scene): Promise<string[]> {
  const { deletionPolicy, labels, chart = "backup", deletionTimestamp, failing } = scene;
  const steps: string[] = [];
  let records: KubeObject[] = labels === undefined ? [] : [{ metadata: { name: "v1", labels } }];
  const metadata = {
    name: "moodle",
    namespace: "sites",
    deletionTimestamp: "2027-01-01T00:00:00Z",
    finalizers: [FINALIZER],
  };
  const resource = { metadata, spec: { suspend: false, deletionPolicy } } as Released;
  const namespace = { metadata: { name: "sites", deletionTimestamp } };
  const get = async ({ kind }: { readonly kind: string }) => (kind === "Namespace" ? namespace : resource);
  const failIn = (command: NonNullable<Scene["failing"]>) => {
    if (command === failing) throw new HelmError(command, "no answer");
  };
  const helm = {
    chart: async () => {
      failIn("chart");
      return chart;
    },
    uninstall: async () => {
      failIn("uninstall");
      steps.push("uninstall");
      records = [];
    },
  } as unknown as Helm;
  const removal = new Removal({
    kind: { type: TYPE, desired: () => ({ ...metadata, kind: TYPE.kind, chart: CHART }) as unknown as Desired },
    resources: { get, patch: async () => steps.push("let go") },
    live: { records: async () => records },
    helm,
    owners: new ReleaseOwners(helm),
    status: {
      write: async (_type: unknown, _resource: unknown, [ready]: Finding[]) => {
        steps.push(`tell ${ready?.reason}`);
        return { conditions: [ready] };
      },
    },
  } as unknown as RemovalProps<Released>);
  try {
    for (let again: number | undefined = 0; again === 0; ) ({ again } = await removal.remove("sites/moodle"));
  } catch (error) {
    steps.push(`${error}`);
  }
  return steps;
}

const own = { owner: "helm", version: "1", "moodleplatform.io/kind": "MoodleBackup" };

test("by Delete the release goes, then the resource; by Retain the resource alone", async () => {
  expect(await done({ deletionPolicy: "Delete", labels: own })).toEqual(["tell Deleting", "uninstall", "let go"]);
  expect(await done({ deletionPolicy: "Delete" })).toEqual(["let go"]);
  expect(await done({ deletionPolicy: "Retain", labels: own })).toEqual(["let go"]);
});

test("a release that no resource made goes where it is of the resource's chart", async () => {
  const labels = { owner: "helm", version: "1" };
  expect(await done({ deletionPolicy: "Delete", labels })).toEqual(["tell Deleting", "uninstall", "let go"]);
});

test("where Helm fails, the resource says so, and it is tried again", async () => {
  const failed = ["tell HelmFailed", "HelmError: no answer"];
  const labels = { owner: "helm", version: "1" };
  expect(await done({ deletionPolicy: "Delete", labels, failing: "chart" })).toEqual(failed);
  expect(await done({ deletionPolicy: "Delete", labels, failing: "uninstall" })).toEqual(["tell Deleting", ...failed]);
});

test("a release of another chart, or of another kind's resource, is not removed", async () => {
  const labels = { owner: "helm", version: "1" };
  expect(await done({ deletionPolicy: "Delete", labels, chart: "moodle" })).toEqual(["let go"]);
  const other = { ...labels, "moodleplatform.io/kind": "MoodleCluster" };
  expect(await done({ deletionPolicy: "Delete", labels: other })).toEqual(["let go"]);
});

test.each(["Retain", "Snapshot", "Delete"] as const)(
  "where the namespace goes, a resource is let go at once, whatever its policy: %s",
  async (deletionPolicy) => {
    expect(await done({ deletionPolicy, labels: own, deletionTimestamp: "2027-01-01T00:00:00Z" })).toEqual(["let go"]);
  },
);
