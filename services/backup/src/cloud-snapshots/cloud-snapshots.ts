import type { Manifest } from "../repository/manifest";

/** A snapshot that the cloud makes by itself. It goes on when the program has ended. */
export type CloudSnapshot = NonNullable<Manifest["database"]["cloudSnapshot"]>;

/** Snapshots of one instance that this program has made. */
export interface CloudSnapshots {
  /** Begins one, named after a snapshot of the program. */
  begin(id: string): Promise<CloudSnapshot>;
  /** Ids of those that are there, oldest first; of a person's own none. */
  list(): Promise<readonly string[]>;
  remove(id: string): Promise<void>;
}
