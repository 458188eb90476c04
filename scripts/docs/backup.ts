import { configurationSchema } from "../../services/backup/src/configuration/schema";
import { environmentRows } from "./environment";
import { code, heading, prose, table } from "./markdown";

/** The page of everything that the configuration of moodle-backup may say. */
export function backupConfigurationPage(): string {
  return [
    ...heading("Configuration of moodle-backup"),
    "One file, JSON or YAML: that of `--config`, or the one that `MOODLE_BACKUP_CONFIG` names, or `/etc/moodle-backup/config.json`.",
    "Over it are laid variables, `MOODLE_BACKUP__<FIELD>` with `__` between the parts of a path, such as",
    "`MOODLE_BACKUP__DATABASE__PASSWORD_FILE`; objects are JSON. Secrets are never values: they are files that the configuration",
    "names. A field that does not exist is refused.",
    "",
    ...table(
      ["field", "allowed", "default", "description"],
      environmentRows(configurationSchema).map((row) => [
        code(row.path),
        row.allowed,
        row.default,
        prose(row.description),
      ]),
    ),
  ].join("\n");
}
