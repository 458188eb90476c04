import { Log } from "../../../services/database-roles/src/log";
import {
  fill,
  fillCredentials,
  parseSecret,
  type SecretStore,
  type StoredSecret,
} from "../../../services/database-roles/src/secrets";

/** A store of one secret, in which another program may write between reading and writing. */
class MemoryStore implements SecretStore {
  version = 0;
  intrude: (() => void) | undefined;

  constructor(public values: Record<string, unknown> = {}) {}

  async read(): Promise<StoredSecret> {
    const stored = { version: String(this.version), values: { ...this.values } };
    this.intrude?.();
    this.intrude = undefined;
    return stored;
  }

  async replace(_: string, values: Readonly<Record<string, unknown>>, previous: StoredSecret): Promise<boolean> {
    if (previous.version !== String(this.version)) return false;
    this.write(values);
    return true;
  }

  write(values: Readonly<Record<string, unknown>>): void {
    this.values = { ...values };
    this.version++;
  }
}

const log = new Log(() => {});

test("writes what is missing and keeps what is there, other keys and other types included", async () => {
  const store = new MemoryStore({ a: "kept", other: 1 });
  expect(await fill(store, "secret", { a: () => "new", b: () => "new" }, log)).toEqual({ a: "kept", b: "new" });
  expect(store.values).toEqual({ a: "kept", b: "new", other: 1 });
});

test("writes nothing when nothing is missing", async () => {
  const store = new MemoryStore({ a: "kept" });
  await fill(store, "secret", { a: () => "new" }, log);
  expect(store.version).toBe(0);
});

test("goes on with the other program's value when that one wrote first", async () => {
  const store = new MemoryStore();
  store.intrude = () => store.write({ a: "theirs" });
  expect(await fill(store, "secret", { a: () => "ours" }, log)).toEqual({ a: "theirs" });
  expect(store.version).toBe(1);
});

test.each([[{ a: 1 }], [{ a: "" }], [{ a: null }]])(
  "refuses %j where a string must be, and writes nothing",
  async (values) => {
    const store = new MemoryStore(values);
    await expect(fill(store, "secret", { a: () => "x", b: () => "x" }, log)).rejects.toThrow(
      "a must be a non-empty string",
    );
    expect(store.version).toBe(0);
  },
);

test("gives a role its usual name and a password where the store has neither", async () => {
  const store = new MemoryStore();
  const credentials = await fillCredentials(store, "secret", "moodle", log);
  expect(credentials).toEqual({ username: "moodle", password: expect.stringMatching(/^[\w-]{32}$/) });
  expect(store.values).toEqual(credentials);
});

test("keeps a username that the store holds", async () => {
  const store = new MemoryStore({ username: "lms" });
  expect(await fillCredentials(store, "secret", "moodle", log)).toMatchObject({ username: "lms" });
});

test.each([
  [{ username: 'x"; DROP ROLE y' }, "username"],
  [{ password: "short" }, "password"],
  [{ password: "not-ascii-pässword-1" }, "password"],
])("refuses %j without repeating a password", async (values, field) => {
  const attempt = fillCredentials(new MemoryStore(values), "secret", "moodle", log);
  await expect(attempt).rejects.toThrow(`secret secret: ${field} must be`);
  await expect(attempt).rejects.not.toThrow(/short|not-ascii/);
});

test.each(["no json", "[]", "1", "null"])("refuses the value %s without repeating it", (text) => {
  expect(() => parseSecret("name", text)).toThrow(
    /^secret name (holds no JSON; it )?must be one JSON object$|holds no JSON/,
  );
  expect(() => parseSecret("name", text)).not.toThrow("no json");
});
