import { EXIT, type ExitCode } from "./exit-codes";

/**
 * A failure that its message explains: what is wrong, what was given, what to do. It never quotes a secret, a
 * statement or an answer of a server.
 */
export class BackupError extends Error {
  override readonly name: string = "BackupError";

  constructor(
    message: string,
    readonly exitCode: ExitCode = EXIT.failed,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** There is no repository where one is expected. */
export class NoRepository extends BackupError {
  override readonly name = "NoRepository";

  constructor(store: string) {
    super(`${store} holds no repository; make one with moodle-backup init, or correct its name`, EXIT.noRepository);
  }
}

/** The repository is made with another signing key. */
export class WrongKey extends BackupError {
  override readonly name = "WrongKey";

  constructor(message: string) {
    super(message, EXIT.wrongKey);
  }
}

/** Another run has the lease, or took it over while this one was held up. */
export class LeaseHeld extends BackupError {
  override readonly name = "LeaseHeld";

  constructor(message: string) {
    super(message, EXIT.leaseHeld);
  }
}

/** The folder for what is on its way has no room: a fault of this machine, and of no snapshot. */
export class ScratchFull extends BackupError {
  override readonly name = "ScratchFull";

  constructor(folder: string) {
    super(`${folder} is full; give the scratch folder more space`);
  }

  /** Whether a write failed for want of space. */
  static isReason(error: unknown): boolean {
    return ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}

/** The run was told to stop. */
export class Interrupted extends BackupError {
  override readonly name = "Interrupted";

  constructor() {
    super("interrupted; the next run goes on where this one stopped", EXIT.interrupted);
  }
}

/** The exit code for whatever was thrown. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof BackupError ? error.exitCode : EXIT.failed;
}
