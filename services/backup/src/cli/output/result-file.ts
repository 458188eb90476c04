import type { ResultEvent } from "./events";

/** What Kubernetes keeps of a container's termination message: https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/ */
const TERMINATION_MESSAGE = 4096;

/** The result as one line that a termination message can hold: lists are shortened until it does. */
export function resultLine(event: ResultEvent): string {
  for (const longest of [Number.POSITIVE_INFINITY, 64, 16, 4, 1, 0]) {
    const line = JSON.stringify(event, (_, value) => (Array.isArray(value) ? value.slice(0, longest) : value));
    if (Buffer.byteLength(line) <= TERMINATION_MESSAGE) return line;
  }
  const { report, error, ...rest } = event;
  return JSON.stringify({ ...rest, error: error && { name: error.name, message: error.message.slice(0, 1000) } });
}
