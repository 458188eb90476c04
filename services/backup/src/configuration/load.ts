import { existsSync, readFileSync } from "node:fs";
import type { z } from "zod";
import { BackupError } from "../errors";
import { EXIT } from "../exit-codes";
import { type Configuration, configurationSchema } from "./schema";
import { withVariables } from "./variables";

/** Where the configuration is if nothing else is said: where the platform's chart mounts it. */
export const DEFAULT_PATH = "/etc/moodle-backup/config.json";

/** The configuration cannot work. Every fault is one sentence. */
export class ConfigurationError extends BackupError {
  override readonly name = "ConfigurationError";

  constructor(readonly faults: readonly string[]) {
    super(faults.join("\n"), EXIT.misconfigured);
  }
}

/**
 * Reads and checks the configuration: the file, then the variables. Files that it names are read when a command needs
 * them.
 *
 * @param path what `--config` says; without it the variable `MOODLE_BACKUP_CONFIG`, then `DEFAULT_PATH` where there is one
 * @throws ConfigurationError with all faults at once
 */
export function loadConfiguration(
  path: string | undefined,
  variables: Readonly<Record<string, string | undefined>>,
): Configuration {
  const file = path ?? variables.MOODLE_BACKUP_CONFIG ?? (existsSync(DEFAULT_PATH) ? DEFAULT_PATH : undefined);
  const place = file ?? "the environment";
  const { input, faults } = withVariables(file === undefined ? {} : readFile(file), configurationSchema, variables);
  if (faults.length > 0) throw new ConfigurationError(faults);
  const result = configurationSchema.safeParse(input);
  if (result.success) return result.data;
  throw new ConfigurationError(result.error.issues.flatMap((issue) => describe(issue, input, place)));
}

/** The text of a file that the configuration names, such as a password, without the end of its last line. */
export function readNamedFile(field: string, path: string): string {
  let content: string;
  try {
    content = readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new ConfigurationError([`${field}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
  if (content === "") throw new ConfigurationError([`${field}: ${path} is empty`]);
  return content;
}

function readFile(path: string): unknown {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigurationError([`${path} cannot be read (${code}); name another file with --config`]);
  }
  if (content.trimStart().startsWith("{")) {
    try {
      return JSON.parse(content);
    } catch {
      // As YAML it may do; where not, that says in which line.
    }
  }
  // Loaded where it is needed: that takes longer than all else here.
  const { parse, YAMLParseError } = require("yaml") as typeof import("yaml");
  try {
    return parse(content) ?? {};
  } catch (error) {
    // The rest of the message quotes the line, which somebody may have written a password into.
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined;
    throw new ConfigurationError([`${path}: ${line === undefined ? "" : `line ${line}: `}neither JSON nor YAML`]);
  }
}

function describe(issue: z.core.$ZodIssue, input: unknown, place: string): string[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const remedy = /pass|secret|token/i.test(key)
        ? "secrets are files: name one in passwordFile or signing.secretFile"
        : "remove it, or correct its name";
      return `${place}: ${[...path, key].join(".")}: no such field; ${remedy}`;
    });
  }
  const field = path.length === 0 ? "" : ` ${path.join(".")}:`;
  const given = path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], input);
  // What stands there by mistake may be the secret itself.
  const mayBeSecret = isObjectExpected(issue) || /pass|secret/i.test(path.at(-1) ?? "");
  const isHidden = given === undefined || typeof given === "object" || mayBeSecret;
  const shown = isHidden ? "" : `, given ${JSON.stringify(given)}`;
  return [`${place}:${field} ${allowed(issue)}${shown}`];
}

function isObjectExpected(issue: z.core.$ZodIssue): boolean {
  return issue.code === "invalid_type" && issue.expected === "object";
}

/** What is allowed, where zod's own words are about its types. */
function allowed(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_value":
      return issue.values.map((value) => JSON.stringify(value)).join(" or ");
    case "invalid_union":
      return "options" in issue && issue.options !== undefined
        ? issue.options.map((value) => JSON.stringify(value)).join(" or ")
        : issue.message;
    case "too_small":
      return `${issue.minimum} or more`;
    case "too_big":
      return `${issue.maximum} or less`;
    case "invalid_type":
      return `a value of type ${issue.expected}`;
    default:
      return issue.message;
  }
}
