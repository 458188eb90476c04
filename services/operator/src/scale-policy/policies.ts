import { Index, type Store } from "../kernel/store";
import type { MoodleScalePolicy } from "../kernel/types";
import { type Bounds, boundsAt, UnknownTimeZone } from "./calendar";

/** Which policy rules which site. */
export class Policies {
  private readonly index: Index<MoodleScalePolicy>;

  constructor(store: Store<MoodleScalePolicy>) {
    this.index = new Index(store, ({ metadata, spec }) => `${metadata.namespace}/${spec.cluster}`);
  }

  /** Of several, the first by name: which of them was written last is no reason. */
  of(cluster: string): MoodleScalePolicy | undefined {
    return this.index
      .get(cluster)
      .filter(({ spec, metadata }) => !spec.suspend && metadata.deletionTimestamp === undefined)
      .sort((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1))[0];
  }

  /** All that ask for this site. */
  all(cluster: string): MoodleScalePolicy[] {
    return this.index.get(cluster);
  }

  /** None where no policy rules, or the one that does names a time zone that there is not. */
  bounds(cluster: string, now: number): Bounds | undefined {
    const policy = this.of(cluster);
    if (policy === undefined) return undefined;
    try {
      return boundsAt(policy.spec, now);
    } catch (error) {
      if (error instanceof UnknownTimeZone) return undefined;
      throw error;
    }
  }
}
