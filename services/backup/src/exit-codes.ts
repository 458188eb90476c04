/**
 * How the program ends. The first seven are restic's
 * (https://restic.readthedocs.io/en/stable/075_scripting.html#exit-codes).
 */
export const EXIT = {
  success: 0,
  /** It failed; nothing half-made counts as a backup. */
  failed: 1,
  /** Parts of the source could not be read, but nothing that the database refers to. */
  incompleteSource: 3,
  /** The repository does not exist. */
  noRepository: 10,
  /** Another run holds the lease, or took it over. */
  leaseHeld: 11,
  /** The key does not belong to this repository. */
  wrongKey: 12,
  /** Interrupted by SIGINT or SIGTERM. */
  interrupted: 130,
  /** The configuration or the command line cannot work: no use in trying again. */
  misconfigured: 2,
  /** Files that the database refers to are missing or damaged. */
  referencesMissing: 20,
  /** A drill failed, or none is as recent as required. */
  drillFailed: 21,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
