import type { Credentials } from "../secrets";

/** A way to become administrator of the database. */
export interface Administrator {
  /** Credentials that the database accepts, or will in a moment. May take minutes where a password is set first. */
  credentials(): Promise<Credentials>;
  /** How often the database may refuse them before new ones are asked for. */
  readonly patience: number;
}
