import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiServer } from "../api-server/api-server";
import { connect } from "../api-server/connection";
import { Mapper } from "../api-server/mapper";
import { Resources } from "../api-server/resources";
import { DriftCheck, describeDifference } from "../drift/check";
import { loadChart } from "../helm/charts";
import { HelmProgram } from "../helm/helm";
import { Store } from "../kernel/store";
import { CLUSTER, type MoodleCluster, type MoodleScalePolicy, POLICY } from "../kernel/types";
import { desiredRelease } from "../moodle-cluster/desired";
import { Policies } from "../scale-policy/policies";

export interface ManifestOptions {
  readonly name: string;
  readonly namespace: string;
  readonly charts: string;
  readonly helm: string;
}

/** Prints what a MoodleCluster asks for, under the bounds that its policy sets now. */
export async function render(options: ManifestOptions): Promise<number> {
  const { manifests } = await wanted(options);
  process.stdout.write(manifests);
  return 0;
}

/** Prints where the cluster is otherwise, and returns 1 where it is. */
export async function diff(options: ManifestOptions): Promise<number> {
  const { manifests, resources, server } = await wanted(options);
  const found = await new DriftCheck(resources, new Mapper(server)).differences(manifests, options.namespace);
  for (const difference of found) console.log(describeDifference(difference));
  return found.length === 0 ? 0 : 1;
}

async function wanted({ name, namespace, charts, helm }: ManifestOptions) {
  const connection = await connect();
  const server = new ApiServer(connection);
  const resources = new Resources(server);
  const cluster = await resources.get<MoodleCluster>(CLUSTER, namespace, name);
  if (cluster === undefined) throw new Error(`there is no MoodleCluster ${name} in ${namespace}`);
  const policies = new Store<MoodleScalePolicy>();
  const active = new Policies(policies);
  for (const policy of await resources.list<MoodleScalePolicy>(POLICY, { namespace })) policies.set(policy);
  const bounds = active.bounds(`${namespace}/${name}`, Date.now());
  const { chart, values } = desiredRelease(cluster, loadChart(join(charts, "moodle")), bounds, cluster.status?.logins);
  const home = mkdtempSync(join(tmpdir(), "helm-"));
  const program = new HelmProgram({ connection, program: helm, home, atOnce: 1 });
  const manifests = await program.template({ namespace, name, chart: chart.folder, values });
  return { manifests, resources, server };
}
