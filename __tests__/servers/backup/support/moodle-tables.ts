import { createHash } from "node:crypto";

/** Kinds of columns that Moodle has, and the tables of Moodle that the tests need, much reduced. */
const TABLES = {
  config: { name: "char", value: "text" },
  config_plugins: { plugin: "char", name: "char", value: "text" },
  files: {
    contenthash: "hash",
    contextid: "int",
    component: "char",
    filearea: "char",
    filename: "char",
    userid: "int",
    filesize: "int",
    author: "char",
    source: "text",
  },
  course: { fullname: "char", summary: "text" },
  logstore_standard_log: { eventname: "char", other: "text", userid: "int" },
  page: { name: "char", content: "text" },
  tool_objectfs_objects: { contenthash: "hash", location: "int" },
  user: { auth: "char", username: "char", password: "char", suspended: "int", email: "char", description: "text" },
} as const;

export type TableName = keyof typeof TABLES;

const TYPES = {
  postgresql: { int: "bigint DEFAULT 0", char: "varchar(255)", hash: "varchar(40)", text: "text" },
  mysql: { int: "bigint DEFAULT 0", char: "varchar(255)", hash: "varchar(40)", text: "longtext" },
} as const;

export type Dialect = keyof typeof TYPES;

/** Statements that make the tables, with what Moodle's installer writes. */
export function moodleTables(dialect: Dialect): string[] {
  const id = dialect === "postgresql" ? "id bigserial PRIMARY KEY" : "id bigint AUTO_INCREMENT PRIMARY KEY";
  const tables = Object.entries(TABLES).map(([name, columns]) => {
    const definitions = Object.entries(columns).map(([column, kind]) => `${column} ${TYPES[dialect][kind]}`);
    return `CREATE TABLE mdl_${name} (${[id, ...definitions].join(", ")})`;
  });
  return [
    ...tables,
    "CREATE UNIQUE INDEX mdl_toolobjeobje_con_uix ON mdl_tool_objectfs_objects (contenthash)",
    `INSERT INTO mdl_config (name, value) VALUES ('version', '2024100706.00'), ('release', '4.5.6 (Build: 20250811)'),
      ('cron_enabled', '1'), ('siteguest', '1'), ('siteadmins', '2')`,
    `INSERT INTO mdl_config_plugins (plugin, name, value) VALUES
      ('tool_objectfs', 'filesystem', '\\tool_objectfs\\s3_file_system'),
      ('tool_objectfs', 's3_bucket', 'moodle-files'), ('tool_objectfs', 's3_secret', 'not-to-be-read'),
      ('tool_objectfs', 'deletelocal', '1'), ('tool_objectfs', 'deleteexternal', '0')`.replaceAll(
      "\\",
      dialect === "mysql" ? "\\\\" : "\\",
    ),
  ];
}

/** SHA-1 of a text: Moodle's name for a file of that content. */
export function hashOf(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

/** A row of `mdl_files`; twelve bytes of content a file. */
export function fileRow(content: string): string {
  return `('${hashOf(content)}', 1, 'mod_resource', 'content', 'file.txt', 2, ${content.length})`;
}

export const FILE_COLUMNS = "(contenthash, contextid, component, filearea, filename, userid, filesize)";

/** Statement that adds files of these contents. */
export function addFiles(...contents: readonly string[]): string {
  return `INSERT INTO mdl_files ${FILE_COLUMNS} VALUES ${contents.map(fileRow).join(", ")}`;
}
