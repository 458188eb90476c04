/** The operator has the rights of its chart and no others, and needs each of them: proven by what it asks for. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import type { MoodleWebProps } from "../../constructs/workloads/moodle-web";
import * as ports from "../support/ports";
import type { Resource } from "../support/template";
import { ApiProxy, type Right } from "./support/api-proxy";
import { apply } from "./support/apply";
import { everything } from "./support/moodle-site";
import { cluster, condition, example, ON_KNATIVE, OperatorUnderTest, serveOnKnative } from "./support/operator";
import { describeOnTestbed, kubectl } from "./support/testbed";

const SITES = "rights";
const NAMESPACE = "operator-rights";
const CHARTS = resolve(__dirname, "../../charts");

/** Sites that need, together, every kind of object that the charts make. */
const SITES_OF_ALL_KINDS: Readonly<Record<string, Partial<MoodleWebProps>>> = {
  everything: { ...everything, objectStore: ports.gcs, route: ports.httpRoute },
  alb: { route: ports.targetGroup },
  ingress: { route: ports.ingress },
  ...Object.fromEntries(
    (["nginx", "traefik", "contour"] as const).map((kind) => [
      kind,
      { route: ports.controllerRoute(kind, { issuerName: "acme", challenge: "dns-01" }) },
    ]),
  ),
  knative: { ...ON_KNATIVE, cron: { trigger: "ping-source", replicas: 2, memoryMb: 1024 } },
};
const names = Object.keys(SITES_OF_ALL_KINDS);

let proxy: ApiProxy;
const operator = new OperatorUnderTest({
  namespace: NAMESPACE,
  sites: [SITES],
  args: ["--drift-seconds", "20"],
  proxy: () => proxy,
});

const ready = (kind: string, name: string) => condition(kind, name, SITES, "Ready=True:Available", 240);

/** The project's charts, each of a version that is not out yet. */
function nextCharts(folder: string): string {
  for (const name of ["moodle", "backup"]) {
    cpSync(join(CHARTS, name), join(folder, name), { recursive: true });
    const file = join(folder, name, "Chart.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace(/^version: .*$/m, "version: 99.0.0"));
  }
  return folder;
}

async function granted(): Promise<Right[]> {
  const roles = (await operator.manifests()).filter(({ kind }) => /^(Cluster)?Role$/.test(kind));
  const rules: Resource[] = roles.flatMap((role) => role.rules);
  expect(rules.length).toBeGreaterThan(20);
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    resources.flatMap((resource: string) => verbs.map((verb: string) => `${apiGroups[0]}/${resource} ${verb}`)),
  );
}

describeOnTestbed("the rights of moodle-operator", () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "charts-"));
    proxy = await ApiProxy.start();
    await operator.install();
  });
  afterAll(async () => {
    await operator.uninstall();
    await proxy.stop();
    rmSync(folder, { recursive: true });
  });

  test("are enough for everything that charts make, and each is used", async () => {
    const first = await operator.start();
    const backup = example("MoodleBackup");
    const values = { ...backup.spec.values, filesClaimName: "alb-data" };
    await apply(stringify({ ...backup, spec: { ...backup.spec, cluster: "alb", values } }), SITES);
    for (const name of names) {
      await apply(cluster(name, SITES, {}, {}, SITES_OF_ALL_KINDS[name]), SITES);
    }
    await apply(
      stringify({ ...example("MoodleScalePolicy"), spec: { cluster: "alb", minReplicas: 2, maxReplicas: 5 } }),
      SITES,
    );
    await serveOnKnative("knative-web", SITES);
    for (const name of names) await ready("moodlecluster", name);
    await ready("moodlebackup", "backup");
    // Each is compared with its manifests by an apply that the API server only tries.
    for (const name of names) await condition("moodlecluster", name, SITES, "Drifted=False:InSync", 120);
    await operator.end(first.child);

    // Charts of the next version change every object, Jobs among them.
    await operator.start({ charts: nextCharts(folder) });
    await kubectl([
      ...["patch", "moodlebackup", "backup", "--namespace", SITES, "--type=merge", "--patch"],
      JSON.stringify({ spec: { values: { schedules: { snapshot: "20 2 * * *" } } } }),
    ]);
    await kubectl([
      ...["wait", "moodlecluster", "--all", "--namespace", SITES, "--timeout=240s"],
      "--for=jsonpath={.status.release.chart}=moodle-99.0.0",
    ]);
    await serveOnKnative("knative-web", SITES);
    for (const name of names) await ready("moodlecluster", name);
    const last = { deletionPolicy: "Snapshot", snapshot: { cronJob: "backup-snapshot" } };
    const spec = JSON.stringify({ spec: last });
    await kubectl(["patch", "moodlecluster", "alb", "--namespace", SITES, "--type=merge", "--patch", spec]);
    await kubectl(["delete", "moodlecluster", "--all", "--namespace", SITES, "--timeout=240s"]);
    const goes = JSON.stringify({ spec: { deletionPolicy: "Delete" } });
    await kubectl(["patch", "moodlebackup", "backup", "--namespace", SITES, "--type=merge", "--patch", goes]);
    await kubectl(["delete", "moodlebackup", "--all", "--namespace", SITES, "--timeout=120s"]);

    expect(operator.log).not.toMatch(/forbidden/i);
    const rights = await granted();
    expect(rights.filter((right) => !proxy.used.has(right))).toEqual([]);
    expect([...proxy.used].filter((right) => !rights.includes(right))).toEqual([]);
  }, 1_200_000);
});
