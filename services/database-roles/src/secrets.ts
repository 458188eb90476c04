import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "./log";
import { generatePassword } from "./password";

/** The value of a secret at one version. */
export interface StoredSecret {
  /** What the store calls this version; an empty string or a zero before the first. */
  readonly version: string;
  /** Empty before the first version. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** A store of secrets, each of which is one JSON object. */
export interface SecretStore {
  /** The newest value, or the one of a version. */
  read(name: string, version?: string): Promise<StoredSecret>;
  /** Writes a whole value, unless another program wrote one since `previous` was read: then it returns false. */
  replace(name: string, values: Readonly<Record<string, unknown>>, previous: StoredSecret): Promise<boolean>;
}

/** The name and password of one database role. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const ATTEMPTS = 6;

/**
 * Returns the values of `keys`, adding those that are missing: what the store holds is the truth and is never
 * overwritten, and of two programs at once both go on with what the first one wrote.
 */
export async function fill<K extends string>(
  store: SecretStore,
  name: string,
  keys: Readonly<Record<K, () => string>>,
  log: Log,
): Promise<Record<K, string>> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const stored = await store.read(name);
    const filled: Record<string, unknown> = { ...stored.values };
    const added: string[] = [];
    for (const key of Object.keys(keys) as K[]) {
      if (Object.hasOwn(filled, key)) continue;
      filled[key] = keys[key]();
      added.push(key);
    }
    const result = pick(name, filled, Object.keys(keys) as K[]);
    if (added.length === 0) return result;
    if (await store.replace(name, filled, stored)) {
      log.info("wrote to the secret store", { secret: name, keys: added });
      return result;
    }
    log.info("another program wrote this secret first, reading it again", { secret: name });
    await sleep(250 * attempt);
  }
  throw new Error(
    `secret ${name} cannot be written: its store says that the version read is not the newest, ${ATTEMPTS} times over; put a new version into it`,
  );
}

/** Username and password of a role, made up where the secret does not hold them. */
export async function fillCredentials(
  store: SecretStore,
  name: string,
  defaultUsername: string,
  log: Log,
): Promise<Credentials> {
  const password = generatePassword();
  log.conceal(password);
  const credentials = await fill(store, name, { username: () => defaultUsername, password: () => password }, log);
  log.conceal(credentials.password);
  if (!/^[a-z_][a-z0-9_]{0,31}$/.test(credentials.username)) {
    throw new Error(`secret ${name}: username must be up to 32 lower-case letters, digits and _, a letter or _ first`);
  }
  if (!/^[\x21-\x7e]{16,}$/.test(credentials.password)) {
    throw new Error(`secret ${name}: password must be 16 or more printable ASCII characters without a space`);
  }
  return credentials;
}

function pick<K extends string>(name: string, values: Readonly<Record<string, unknown>>, keys: readonly K[]) {
  const picked = {} as Record<K, string>;
  for (const key of keys) {
    const value = values[key];
    if (typeof value !== "string" || value === "") throw new Error(`secret ${name}: ${key} must be a non-empty string`);
    picked[key] = value;
  }
  return picked;
}

/** A secret that holds something else than it should. Its text is never part of the message. */
export class InvalidSecret extends Error {
  override readonly name = "InvalidSecret";
}

/** Reads a store's text as the JSON object that every secret of the platform is. */
export function parseSecret(name: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidSecret(`secret ${name} holds no JSON; it must be one JSON object`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidSecret(`secret ${name} must be one JSON object`);
  }
  return value as Record<string, unknown>;
}
