import { EXIT, type ExitCode } from "../exit-codes";

/** Every exit code, and what it says. */
export const MEANINGS: Readonly<Record<ExitCode, string>> = {
  [EXIT.success]: "done",
  [EXIT.failed]: "failed; nothing half-made counts as a backup",
  [EXIT.misconfigured]: "the configuration or the command line cannot work",
  [EXIT.incompleteSource]: "the snapshot is whole, but something beside it could not be done",
  [EXIT.noRepository]: "there is no repository",
  [EXIT.leaseHeld]: "another run holds the lease, or took it over",
  [EXIT.wrongKey]: "the key does not belong to the repository",
  [EXIT.referencesMissing]: "files that the database refers to are missing or damaged",
  [EXIT.drillFailed]: "a drill failed, or none is as recent as required",
  [EXIT.interrupted]: "interrupted by SIGINT or SIGTERM",
};

/** Codes of any command. */
const ALWAYS: readonly ExitCode[] = [EXIT.success, EXIT.failed, EXIT.misconfigured, EXIT.interrupted];

/** The end of a command's help: examples, and the exit codes beside those of any command. */
export function ending(examples: readonly string[], exitCodes: readonly ExitCode[]): string {
  const codes = [...new Set([...ALWAYS, ...exitCodes])].sort((a, b) => a - b);
  return [
    "",
    "Examples:",
    ...examples.map((example) => `  $ ${example}`),
    "",
    "Exit codes:",
    ...codes.map((code) => `  ${String(code).padStart(3)}  ${MEANINGS[code]}`),
  ].join("\n");
}
