import type { ConfigRow } from "../databases/finish";

/** Names under which numbers may be secrets too. */
const SECRET = /secret|pass|pwd?$|key|token|salt|pepper|private|cert|credential|pin$|phone/i;

/** Whether a setting holds nothing but a number, or a list of roles and the like. */
export function isHarmlessNumber(name: string, value: string): boolean {
  return /^(-?\d{1,10}(\.\d{1,10})?|\d{1,4}(,\d{1,4}){1,30})?$/.test(value) && !SECRET.test(name);
}

/** Site settings without what administrators wrote: numbers stay, and texts of the settings that are named. */
export function scrubbedConfig(rows: readonly ConfigRow[], kept: readonly string[]): readonly ConfigRow[] {
  const names = new Set(kept);
  return rows.map((row) =>
    names.has(row.name) || isHarmlessNumber(row.name, row.value ?? "") ? row : { ...row, value: "" },
  );
}
