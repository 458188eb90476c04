import { createServer, type Server } from "node:http";
import type { Cluster } from "./kubernetes/cluster";
import { describeError, type Log } from "./log";
import { wanted } from "./rollout";
import type { State } from "./state";
import { readAsked, readKept } from "./store";

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What each metric means, as `# HELP` says it. */
const HELP = {
  moodle_model_rollout_readable: "Whether the model's ConfigMaps could be read.",
  moodle_model_rollout_pending: "Whether a version is wanted that is neither served, refused nor being rolled out.",
  moodle_model_rollout_refused: "Whether the version that is wanted was rolled back.",
  moodle_model_rollout_phase: "1 for the phase that the rollout is in.",
  moodle_model_rollout_step_timestamp_seconds: "When the phase or step began.",
  moodle_model_rollout_traffic_percent: "Share of the traffic that a version is meant to have.",
  moodle_model_rollout_gate_requests: "Requests that the gate counted since the step took effect.",
  moodle_model_rollout_gate_error_ratio: "Share of them that were answered with a 5xx.",
  moodle_model_rollout_gate_latency_p95_seconds: "95th percentile of their duration.",
} as const;

type Metric = keyof typeof HELP;

const PHASES: readonly State["phase"][] = ["Idle", "Progressing", "Withdrawing", "Restoring"];

/** The state of every rollout in Prometheus' text format, read anew for each scrape. */
export async function exposition(cluster: Cluster, models: readonly string[], log: Log): Promise<string> {
  const samples = new Map<Metric, Sample[]>(Object.keys(HELP).map((name) => [name as Metric, []]));
  const add = (name: Metric, labels: Sample["labels"], value: number | boolean | undefined) => {
    if (value !== undefined) samples.get(name)?.push({ labels, value: Number(value) });
  };
  for (const model of models) {
    try {
      await describeModel(cluster, model, add);
      add("moodle_model_rollout_readable", { model }, true);
    } catch (error) {
      log.error(describeError(error), { model });
      add("moodle_model_rollout_readable", { model }, false);
    }
  }
  return [...samples].map(([name, all]) => family(name, all)).join("");
}

async function describeModel(
  cluster: Cluster,
  model: string,
  add: (name: Metric, labels: Sample["labels"], value: number | boolean | undefined) => void,
): Promise<void> {
  const [asked, kept] = [await readAsked(cluster, model), await readKept(cluster, model)];
  if (asked === undefined) return;
  const next = wanted(asked.rollout);
  const state = kept?.state;
  const known = state && [state.stable.id, state.refused?.id, "candidate" in state ? state.candidate.id : undefined];
  add("moodle_model_rollout_pending", { model, version: next.version }, known?.includes(next.id) !== true);
  add("moodle_model_rollout_refused", { model, version: next.version }, state?.refused?.id === next.id);
  if (state === undefined) return;
  for (const phase of PHASES) add("moodle_model_rollout_phase", { model, phase }, phase === state.phase);
  add("moodle_model_rollout_step_timestamp_seconds", { model }, Date.parse(state.since) / 1000);
  const percent = state.phase === "Progressing" ? state.percent : 0;
  const share = "moodle_model_rollout_traffic_percent";
  add(share, { model, version: state.stable.version, role: "stable" }, 100 - percent);
  if (state.phase !== "Progressing") return;
  add(share, { model, version: state.candidate.version, role: "candidate" }, percent);
  add("moodle_model_rollout_gate_requests", { model }, state.gate?.requests);
  add("moodle_model_rollout_gate_error_ratio", { model }, state.gate?.errorRate);
  add("moodle_model_rollout_gate_latency_p95_seconds", { model }, state.gate?.latencyP95Seconds);
}

/** Names, versions and phases hold nothing that would have to be escaped. */
function family(name: Metric, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return `${name}{${pairs.join(",")}} ${value}\n`;
  });
  return `# HELP ${name} ${HELP[name]}\n# TYPE ${name} gauge\n${lines.join("")}`;
}

/** Serves `/metrics`. */
export function serveMetrics(cluster: Cluster, models: readonly string[], port: number, log: Log): Server {
  const server = createServer(async (request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    const text = await exposition(cluster, models, log);
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text);
  });
  return server.listen(port);
}
