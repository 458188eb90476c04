import { createHash } from "node:crypto";
import type { AnonymiseRules } from "../anonymise/rules";

/** What a restore makes of the data. What one run has begun, another goes on with only where both make the same of it. */
export interface Treatment {
  /** SHA-256 of the rules by which it is anonymised. @default it stays as it was */
  readonly anonymised?: string;
  /** Address of the new site. @default as it was */
  readonly wwwroot?: string;
}

/** The password of the rules' account is no part of it: what marks a target can be read there. */
export function treatmentOf({
  anonymise,
  wwwroot,
}: {
  readonly anonymise?: AnonymiseRules;
  readonly wwwroot?: string;
}): Treatment {
  if (anonymise === undefined) return { wwwroot };
  const rules = JSON.stringify({ ...anonymise, admin: anonymise.admin?.username });
  return { anonymised: createHash("sha256").update(rules).digest("hex"), wwwroot };
}

/**
 * Why a restore cannot go on from what was begun; nothing where it can. A program that did not yet note its treatment is
 * taken to have left the data as it was.
 */
export function objection(begun: Treatment | undefined, asked: Treatment): string | undefined {
  const isSame = begun?.anonymised === asked.anonymised && (begun === undefined || begun.wwwroot === asked.wwwroot);
  if (isSame) return undefined;
  return `holds an unfinished restore that was ${describe(begun)}, and this one is to be ${describe(asked)}; empty it, or finish that one`;
}

function describe(treatment: Treatment | undefined): string {
  const data =
    treatment?.anonymised === undefined ? "not anonymised" : `anonymised by rules ${treatment.anonymised.slice(0, 12)}`;
  if (treatment === undefined) return data;
  return `${data}, at ${treatment.wwwroot ?? "its old address"}`;
}

/** A row of the table that marks a database; the table of an older program has the first column alone. */
export interface MarkerRow {
  readonly snapshot: string;
  readonly anonymised?: string | null;
  readonly wwwroot?: string | null;
}

export function treatmentIn({ anonymised, wwwroot }: MarkerRow): Treatment | undefined {
  if (anonymised === undefined) return undefined;
  return { anonymised: anonymised ?? undefined, wwwroot: wwwroot ?? undefined };
}
