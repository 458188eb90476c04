import type { Progress } from "../progress";
import type { SiteFacts } from "./database";

/** A warning for each kind of thing that the database holds and no dump does: somebody made it beside Moodle. */
export function warnOfLeftOut({ leftOut = [] }: SiteFacts, progress: Progress): void {
  for (const what of leftOut) progress({ kind: "warning", message: `a dump leaves out ${what}` });
}
