import { DatabaseError } from "../databases/failure";
import type { Sql } from "../databases/sql";
import type { AnonymiseRules } from "./rules";

/** Whether `component/filearea` is one of those that the patterns name. */
export function matches(area: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const expression = pattern
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join("[^/]*");
    return new RegExp(`^${expression}$`).test(area);
  });
}

/** Refuses where files are in areas of which no rule is known. */
export async function checkFileAreas(sql: Sql, prefix: string, rules: AnonymiseRules): Promise<void> {
  const unknown = (await areasOf(sql, prefix))
    .map(({ component, area }) => `${component}/${area}`)
    .filter((area) => !matches(area, rules.droppedFileAreas) && !matches(area, rules.keptFileAreas));
  if (unknown.length === 0) return;
  throw new DatabaseError(
    "unsuitable",
    `no rule says whether files of these areas are personal: ${unknown.join(", ")}; write rules for them`,
  );
}

/** Files of dropped areas are not referred to any more: whoever restores files leaves them out. */
export async function dropFiles(sql: Sql, prefix: string, rules: AnonymiseRules): Promise<void> {
  for (const { component, area } of await areasOf(sql, prefix)) {
    if (!matches(`${component}/${area}`, rules.droppedFileAreas)) continue;
    await sql.rows(`DELETE FROM ${sql.table(`${prefix}files`)} WHERE component = ? AND filearea = ?`, [
      component,
      area,
    ]);
  }
}

async function areasOf(sql: Sql, prefix: string): Promise<{ component: string; area: string }[]> {
  const rows = await sql.rows(`SELECT DISTINCT component, filearea FROM ${sql.table(`${prefix}files`)} ORDER BY 1, 2`);
  return rows.map(([component, area]) => ({ component: component ?? "", area: area ?? "" }));
}
