import { z } from "zod";
import type { TargetDatabase, TargetState } from "../databases/database";
import { objection, type Treatment } from "../databases/treatment";
import { BackupError } from "../errors";
import { ULID } from "../repository/layout";
import { isStoreFailure, type ObjectStore } from "../stores/store";
import { putOnce, readText } from "../stores/whole";

/** In the target of files until the restore is over. */
const MARKER = "moodle-backup-restore.json";

const markerSchema = z.strictObject({
  format: z.literal(1),
  snapshot: z.string().regex(ULID),
  /** Whether the same run restores a database, which was empty. */
  database: z.boolean(),
  /** What is made of the database's data, and with it of the files. An older program did not note it. */
  treatment: z.strictObject({ anonymised: z.string().optional(), wwwroot: z.string().optional() }).optional(),
});

/**
 * Where a restore goes. Both places must be empty, or hold an unfinished restore of the same snapshot that makes the same
 * of the data.
 */
export interface Target {
  readonly files?: ObjectStore;
  readonly database?: TargetDatabase;
}

/** What is left to do. */
export interface Remaining {
  readonly database: boolean;
  /** Whether an earlier run has written files. */
  readonly resumed: boolean;
}

/** Checks both places before anything is written, then marks the files' as taken. */
export async function claim({ files, database }: Target, snapshot: string, treatment: Treatment): Promise<Remaining> {
  if (files === undefined && database === undefined) {
    throw new BackupError("nothing to restore into is given; name a target for files, for the database, or for both");
  }
  const state = await database?.state();
  const check = (marked: boolean) => checkDatabase(state, snapshot, treatment, marked);
  if (files === undefined) return { database: check(false), resumed: false };
  // Without the database, all files are brought as they are.
  const asked = database === undefined ? {} : treatment;
  const marker = await readMarker(files);
  if (marker === undefined) await checkEmpty(files);
  else if (marker.snapshot !== snapshot || marker.database !== (database !== undefined)) {
    throw new BackupError(
      `${files.name} holds an unfinished restore of ${marker.snapshot}${marker.database ? " with its database" : ""}; finish that one, or empty it`,
    );
  } else {
    const reason = objection(marker.treatment, asked);
    if (reason !== undefined) throw new BackupError(`${files.name} ${reason}`);
  }
  const remaining = {
    database: check(marker?.database === true),
    resumed: marker !== undefined,
  };
  if (marker === undefined) {
    const text = `${JSON.stringify({ format: 1, snapshot, database: database !== undefined, treatment: asked })}\n`;
    await putOnce(files, MARKER, text, { condition: { absent: true } });
  }
  return remaining;
}

/** The restore is over. */
export async function release({ files }: Target): Promise<void> {
  const [undeleted] = (await files?.delete([MARKER])) ?? [];
  if (undeleted !== undefined) throw undeleted.error;
}

/** Whether the database is still to be restored. With the marker of this restore, what it holds is its own work. */
function checkDatabase(
  state: TargetState | undefined,
  snapshot: string,
  treatment: Treatment,
  marked: boolean,
): boolean {
  if (state === undefined) return false;
  switch (state.kind) {
    case "empty":
      return true;
    case "unfinished": {
      if (state.snapshot !== snapshot) {
        throw new BackupError(
          `the target database holds an unfinished restore of ${state.snapshot}; finish that one, or give an empty database`,
        );
      }
      const reason = objection(state.treatment, treatment);
      if (reason !== undefined) throw new BackupError(`the target database ${reason}`);
      return true;
    }
    case "occupied":
      if (marked) return false;
      throw new BackupError(`the target database has ${state.tables} tables; restore into an empty one`);
  }
}

async function checkEmpty(files: ObjectStore): Promise<void> {
  try {
    for await (const [first] of files.list("")) {
      if (first !== undefined) {
        throw new BackupError(`${files.name} is not empty: it holds ${first.key}; restore into an empty place`);
      }
    }
  } catch (error) {
    if (!isStoreFailure(error, "not-found")) throw error;
  }
}

async function readMarker(files: ObjectStore): Promise<z.output<typeof markerSchema> | undefined> {
  const text = await readText(files, MARKER);
  if (text === undefined) return undefined;
  try {
    return markerSchema.parse(JSON.parse(text));
  } catch {
    throw new BackupError(`${files.name} holds a ${MARKER} of another version of this program; empty it`);
  }
}
