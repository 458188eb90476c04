import type { Logger } from "pino";

/** The part of pino that is used, so that tests need none. */
export type Log = Pick<Logger, "debug" | "info" | "warn" | "error">;
