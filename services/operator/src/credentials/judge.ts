import {
  type Credentials,
  describeError,
  errorCode,
  InvalidSecret,
  LoginRefused,
  type StoredSecret,
} from "@moodle-platform/database-roles";
import type { Access } from "./access";
import type { Login } from "./logins";

/** What is to be thought of the newest version of a login. Nothing in it is secret. */
export type Verdict =
  | { readonly kind: "works"; readonly version: string }
  | {
      readonly kind: "refused";
      readonly version: string;
      readonly reason: "LoginRefused" | "NoPrivileges" | "SecretInvalid";
      readonly message: string;
    }
  | {
      readonly kind: "unknown";
      readonly reason: "StoreUnavailable" | "DatabaseUnavailable";
      readonly message: string;
    };

/** PostgreSQL's code where a role may not connect to a database: the login itself worked. */
const INSUFFICIENT_PRIVILEGE = "42501";

/** Reads the newest version of a login and tries it on every host. `known` is the version that the site is given. */
export async function judge(login: Login, known: string | undefined, access: Access): Promise<Verdict> {
  let newest: StoredSecret;
  try {
    newest = await access.read(login.store, login.key);
  } catch (error) {
    if (error instanceof InvalidSecret) return invalid("the newest", error.message);
    return { kind: "unknown", reason: "StoreUnavailable", message: `${login.store}: ${describeError(error)}` };
  }
  const { version } = newest;
  const credentials = credentialsIn(newest);
  if (credentials === undefined) {
    return invalid(version, `secret ${login.key} must hold username and password, texts that are not empty`);
  }
  const result = await tryLogin(login, credentials, access);
  if (result.kind === "works" && result.tables === 0 && known !== undefined && known !== version) {
    return compared(login, version, known, access);
  }
  if (result.kind === "works") return { kind: "works", version };
  if (result.kind === "unknown") return { kind: "unknown", reason: "DatabaseUnavailable", message: result.message };
  const what = `version ${version} of ${login.key}`;
  const message =
    known === version
      ? `the database refuses ${what}, which the site uses`
      : `the database refuses ${what}: ${await former(login, known, access)}`;
  return { kind: "refused", version, reason: result.reason, message };
}

type Try =
  | { readonly kind: "works"; readonly tables: number }
  | { readonly kind: "refused"; readonly reason: "LoginRefused" | "NoPrivileges" }
  | { readonly kind: "unknown"; readonly message: string };

/** On all hosts; what a driver says of an error may quote the login, so only its code is passed on. */
async function tryLogin(login: Login, credentials: Credentials, access: Access): Promise<Try> {
  let tables = Number.POSITIVE_INFINITY;
  for (const host of login.hosts) {
    try {
      tables = Math.min(tables, await access.countTables(login.server, host, credentials));
    } catch (error) {
      if (error instanceof LoginRefused) return { kind: "refused", reason: "LoginRefused" };
      const code = errorCode(error);
      if (code === INSUFFICIENT_PRIVILEGE) return { kind: "refused", reason: "NoPrivileges" };
      return { kind: "unknown", message: `${host} cannot be asked (${code ?? "no code"})` };
    }
  }
  return { kind: "works", tables };
}

/** A login that sees no table may be that of a new site, or of the wrong user: the one before tells. */
async function compared(login: Login, version: string, known: string, access: Access): Promise<Verdict> {
  const before = await tryVersion(login, known, access);
  if (before?.kind !== "works" || before.tables === 0) return { kind: "works", version };
  const message = `version ${version} of ${login.key} logs in and may use no table, of which version ${known} may use ${before.tables}`;
  return { kind: "refused", version, reason: "NoPrivileges", message };
}

async function former(login: Login, known: string | undefined, access: Access): Promise<string> {
  if (known === undefined) return "no version is known that it takes";
  const result = await tryVersion(login, known, access);
  if (result?.kind === "works") return `the site goes on with version ${known}, which works`;
  if (result?.kind === "refused") return `it refuses version ${known} as well, which the site uses`;
  return `the site goes on with version ${known}, which cannot be tried`;
}

async function tryVersion(login: Login, version: string, access: Access): Promise<Try | undefined> {
  try {
    const credentials = credentialsIn(await access.read(login.store, login.key, version));
    return credentials && (await tryLogin(login, credentials, access));
  } catch {
    // It is only asked for to tell more: that it is not there any more is no fault.
    return undefined;
  }
}

function credentialsIn({ values }: StoredSecret): Credentials | undefined {
  const { username, password } = values;
  const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
  return isText(username) && isText(password) ? { username, password } : undefined;
}

function invalid(version: string, message: string): Verdict {
  return { kind: "refused", version, reason: "SecretInvalid", message };
}
