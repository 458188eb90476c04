import type { AnonymiseRules } from "../../../../services/backup/src/anonymise/rules";
import { hashOf } from "./moodle-tables";
import type { Declared, Schema } from "./whole-schema";

/** What each text of a marked site begins with: nobody may find the first after it was anonymised, everybody the second. */
export const PERSONAL = "personal:";
export const CONTENT = "content:";

/** Rows of each table. */
const ROWS = 2;

/**
 * Declared by Moodle to be linked to a person, and kept all the same. The first are words of the program; the second was
 * written for a course or for the site by its staff, and says who wrote it by a number.
 */
export const REVIEWED: Declared = new Set(
  [
    "adminpresets.moodlerelease assign_submission.status assign_user_flags.workflowstate contentbank_content.contenttype",
    "event.eventtype favourite.component favourite.itemtype files.contenthash files.mimetype files.license",
    "grading_definitions.method grading_definitions.options role_assignments.component role_capabilities.capability",
    "stats_user_daily.stattype stats_user_monthly.stattype stats_user_weekly.stattype tool_monitor_rules.eventname",
    "tool_monitor_rules.plugin user.auth user.calendartype user.lang user.theme",

    "contentbank_content.name files.filename files.filepath grading_definitions.description grading_definitions.name",
    "lti_types.name my_pages.name question.generalfeedback question.name question.questiontext",
    "tool_monitor_rules.description tool_monitor_rules.name tool_monitor_rules.template tool_policy_versions.content",
    "tool_policy_versions.name tool_policy_versions.revision tool_policy_versions.summary",
  ].flatMap((names) => names.split(" ")),
);

/** A file of the site; each area has one. */
export interface MarkedFile {
  readonly area: string;
  readonly content: string;
}

/** A site in which every text of every table says what it is. */
export class MarkedSite {
  readonly files: readonly MarkedFile[];
  /** Markers of texts that stay. */
  readonly kept: string[] = [];
  private readonly statements: string[] = [];

  constructor(
    private readonly schema: Schema,
    private readonly rules: AnonymiseRules,
    private readonly declared: Declared,
    dialect: "postgresql" | "mysql",
  ) {
    // A pattern stands for whatever it matches.
    const areas = (patterns: readonly string[]) => patterns.map((pattern) => pattern.replaceAll("*", "any"));
    const dropped = areas(rules.droppedFileAreas);
    this.files = [...dropped, ...areas(rules.keptFileAreas).filter((area) => !dropped.includes(area))].map((area) => ({
      area,
      content: `${dropped.includes(area) ? PERSONAL : CONTENT}file of ${area}`,
    }));
    this.build(dialect);
  }

  get script(): string {
    return `${this.statements.join(";\n")};\n`;
  }

  private build(dialect: "postgresql" | "mysql"): void {
    const quote = (name: string) => (dialect === "mysql" ? `\`${name}\`` : `"${name}"`);
    const id = dialect === "mysql" ? "bigint AUTO_INCREMENT PRIMARY KEY" : "bigserial PRIMARY KEY";
    const text = dialect === "mysql" ? "longtext" : "text";
    for (const [table, columns] of this.schema) {
      const definitions = columns.map(
        ({ name, isText }) => `${quote(name)} ${name === "id" ? id : isText ? text : "bigint DEFAULT 0"}`,
      );
      this.statements.push(`CREATE TABLE mdl_${table} (${definitions.join(", ")})`);
      if (["config", "config_plugins", "files", "tool_objectfs_objects"].includes(table)) continue;
      const texts = columns.filter(({ isText }) => isText);
      if (texts.length === 0) continue;
      const names = texts.map(({ name }) => quote(name)).join(", ");
      const values = texts.map(({ name }) => `'${this.marker(table, name)}'`).join(", ");
      this.insert(table, names, new Array(ROWS).fill(`(${values})`));
    }
    this.insert(
      "config",
      "name, value",
      [
        ...["version', '2024100706.00", "release', '4.5.6 (Build: 20250811)", "siteguest', '1", "siteadmins', '2"],
        `supportemail', '${PERSONAL}config`,
      ].map((row) => `('${row}')`),
    );
    this.insert("config_plugins", "plugin, name, value", [
      `('auth_ldap', 'bind_dn', '${PERSONAL}config_plugins')`,
      "('quiz', 'attempts', '3')",
    ]);
    this.insert("files", "contenthash, component, filearea, filepath, filename, author, source, filesize", [
      ...this.files.map(({ area, content }) => {
        const [component = "", filearea = ""] = area.split("/");
        const who = `${PERSONAL}author`;
        return `('${hashOf(content)}', '${component}', '${filearea}', '/', '${content}.txt', '${who}', '${who}', ${content.length})`;
      }),
    ]);
    if (this.schema.has("tool_objectfs_objects"))
      this.insert("tool_objectfs_objects", "contenthash, location", [`('${hashOf("gone")}', 0)`]);
    for (const { area, content } of this.files)
      if (content.startsWith(CONTENT)) this.kept.push(`${CONTENT}file of ${area}`);
  }

  private insert(table: string, names: string, rows: readonly string[]): void {
    this.statements.push(`INSERT INTO mdl_${table} (${names}) VALUES ${rows.join(", ")}`);
  }

  private marker(table: string, column: string): string {
    const rule = this.rules.tables[table];
    const name = `${table}.${column}`;
    const stays = rule !== "empty" && rule?.keep.includes(column) === true;
    // What Moodle declares to be personal must go, whatever the rules say.
    if (!stays || (this.declared.has(name) && !REVIEWED.has(name))) return `${PERSONAL}${name}`;
    this.kept.push(`${CONTENT}${name}`);
    return `${CONTENT}${name}`;
  }
}
