import type { Log } from "../../../../services/operator/src/kernel/log";

/** A log that nobody reads. */
export const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
