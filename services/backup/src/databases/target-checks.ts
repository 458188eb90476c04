import type { Engine, RestoreOptions, TargetState } from "./database";
import type { DumpDescription } from "./dump-description";
import { DatabaseError } from "./failure";
import { objection, treatmentOf } from "./treatment";

/** The database holds something that a restore would destroy. */
export function occupied(database: string, tables: number, snapshot?: string): DatabaseError {
  const what =
    snapshot === undefined
      ? `holds ${tables} ${tables === 1 ? "table" : "tables"}`
      : `holds an unfinished restore of snapshot ${snapshot}`;
  return new DatabaseError("occupied", `database ${database} ${what}; a restore needs an empty one`);
}

/** What is unfinished there is another restore. */
export function refuseOther(
  database: string,
  { snapshot, treatment }: Extract<TargetState, { readonly kind: "unfinished" }>,
  options: RestoreOptions,
): void {
  if (snapshot !== options.snapshot) throw occupied(database, 0, snapshot);
  const reason = objection(treatment, treatmentOf(options));
  if (reason !== undefined) throw new DatabaseError("occupied", `database ${database} ${reason}`);
}

export function refuseOtherEngine({ engine }: DumpDescription, target: Engine): void {
  if (engine === target) return;
  throw new DatabaseError("unsuitable", `the dump is of ${engine}, the target is ${target}; they understand other SQL`);
}

/** A dump may use what an older server does not have. `release` tells what counts of a version. */
export function refuseOlderServer(
  { engineVersion }: DumpDescription,
  server: string,
  release: (version: string) => number,
): void {
  if (release(server) >= release(engineVersion)) return;
  throw new DatabaseError(
    "unsuitable",
    `the dump is of version ${engineVersion}, the target is ${server.split(" ")[0]}; restore into the same version or a later one`,
  );
}
