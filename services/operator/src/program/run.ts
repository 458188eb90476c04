import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Stores } from "@moodle-platform/database-roles";
import { ApiServer } from "../api-server/api-server";
import { connect } from "../api-server/connection";
import { describeError } from "../api-server/errors";
import { Resources } from "../api-server/resources";
import { loadChart } from "../helm/charts";
import { HelmProgram } from "../helm/helm";
import { serveEndpoints } from "../kernel/endpoints";
import { LeaderElection } from "../kernel/lease";
import type { Log } from "../kernel/log";
import { Metrics } from "../kernel/metrics";
import { Operator } from "./operator";

export interface RunOptions {
  /** Namespaces whose resources are looked after. */
  readonly namespaces: readonly string[];
  /** Namespace of the lease. */
  readonly leaseNamespace: string;
  /** Folder of the charts. */
  readonly charts: string;
  /** Port of health, readiness and metrics. */
  readonly port: number;
  readonly workers: number;
  readonly helmProcesses: number;
  readonly driftSeconds: number;
  /** Where the stores are of which the logins of sites are watched. */
  readonly stores: Stores;
  readonly credentialsSeconds: number;
  readonly helm: string;
}

export const LEASE_NAME = "moodle-operator";

/** Milliseconds without a word from the API server after which the program is not ready; watches end sooner than that. */
const STALE = 300_000;

/** Leads, or waits until it does; returns the exit code once it is asked to stop, or has lost the lease. */
export async function run(options: RunOptions, log: Log, stop: AbortSignal): Promise<number> {
  const metrics = new Metrics();
  const connection = await connect();
  const server = new ApiServer(connection, metrics.calls);
  // A host's name is not enough: a container that starts anew has the same.
  const identity = `${hostname()}_${randomBytes(4).toString("hex")}`;
  const election = new LeaderElection({
    resources: new Resources(server),
    namespace: options.leaseNamespace,
    name: LEASE_NAME,
    identity,
    log,
  });
  const operator = new Operator({
    server,
    helm: new HelmProgram({
      connection,
      program: options.helm,
      home: mkdtempSync(join(tmpdir(), "helm-")),
      atOnce: options.helmProcesses,
    }),
    charts: { moodle: loadChart(join(options.charts, "moodle")), backup: loadChart(join(options.charts, "backup")) },
    namespaces: options.namespaces,
    workers: options.workers,
    driftInterval: options.driftSeconds * 1000,
    stores: options.stores,
    credentialsInterval: options.credentialsSeconds * 1000,
    instance: hostname(),
    metrics,
    log,
  });
  const endpoints = await serveEndpoints(options.port, metrics, () => operator.stale(STALE));
  metrics.setLeader(LEASE_NAME, false);
  try {
    await election.acquire(stop);
    if (!election.isLeader) return 0;
    log.info({ identity }, "leads");
    metrics.setLeader(LEASE_NAME, true);
    return await lead(operator, election, log, stop);
  } finally {
    endpoints.close();
    endpoints.closeAllConnections();
    server.close();
  }
}

async function lead(operator: Operator, election: LeaderElection, log: Log, stop: AbortSignal): Promise<number> {
  const release = new AbortController();
  const held = election.hold(release.signal).then(
    () => undefined,
    (error: unknown) => error,
  );
  const asked = new Promise<undefined>((resolve) => {
    if (stop.aborted) resolve(undefined);
    stop.addEventListener("abort", () => resolve(undefined));
  });
  const started = operator.start().then(() => new Promise<never>(() => {}));
  const lost = await Promise.race([held, asked, started]);
  if (lost !== undefined) {
    log.error({ error: describeError(lost) }, "lost the lease");
    return 1;
  }
  log.info("stopping: waiting for what is under way");
  await operator.stop();
  release.abort();
  await held;
  await election.release();
  log.info("stopped");
  return 0;
}
