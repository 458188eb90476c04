import type { LoginStatus, MoodleClusterSpec } from "../../../../services/api/src";
import { loginsOf, withLogins } from "../../../../services/operator/src/credentials/logins";

const secret = (key: string, version?: string) => ({
  store: { kind: "SecretStore", name: "aws-secrets-manager" },
  key,
  version,
});

function values(database: object): MoodleClusterSpec["values"] {
  const server = { type: "pgsql", host: "database.example.edu", port: 5432, name: "moodle" };
  return { database: { ...server, ...database } } as unknown as MoodleClusterSpec["values"];
}

const spec = (database: object) => ({ values: values(database) }) as MoodleClusterSpec;

const stores = { "aws-secrets-manager": { region: "eu-central-1" } };

const login = (changes: Partial<LoginStatus> = {}): LoginStatus => ({
  name: "database",
  key: "application",
  version: "v1",
  phase: "InUse",
  ...changes,
});

test("watches the site's login and the one for replicas, on every host of each", () => {
  const readers = { readerHosts: ["reader-1", "reader-2"], readerSecret: secret("reader") };
  const found = loginsOf(spec({ secret: secret("application"), ...readers }), stores);
  expect(found.map(({ name, key, hosts }) => ({ name, key, hosts }))).toEqual([
    { name: "database", key: "application", hosts: ["database.example.edu"] },
    { name: "database-reader", key: "reader", hosts: ["reader-1", "reader-2"] },
  ]);
});

test.each([
  ["of a store that it does not know", { secret: { ...secret("application"), store: { name: "vault" } } }],
  ["of which the specification names the version", { secret: secret("application", "uuid/v1") }],
  ["that is a Secret of the cluster", { secret: { existingSecret: "database" } }],
])("does not watch a login %s", (_, database) => {
  expect(loginsOf(spec(database), stores)).toEqual([]);
});

test("pods get the version that worked, in the words of External Secrets, and nothing is replaced for the first", () => {
  const given = withLogins(values({ secret: secret("application") }), [login()]) as Record<string, unknown>;
  expect(given.database).toMatchObject({ secret: { key: "application", version: "uuid/v1" } });
  expect(given.restartedAt).toBeUndefined();
});

test("pods are replaced for another version, and not anew for an earlier one", () => {
  const before = { ...values({ secret: secret("application") }), restartedAt: "2027-03-01T00:00:00Z" };
  const earlier = login({ restartedAt: "2027-02-01T00:00:00Z" });
  const later = login({ restartedAt: "2027-04-01T00:00:00Z" });
  expect(withLogins(before, [earlier])).toMatchObject({ restartedAt: "2027-03-01T00:00:00Z" });
  expect(withLogins(before, [later])).toMatchObject({ restartedAt: "2027-04-01T00:00:00Z" });
});

test("what is known of another secret, or where a person names the version, changes nothing", () => {
  const other = values({ secret: secret("another") });
  expect(withLogins(other, [login()])).toBe(other);
  const pinned = values({ secret: secret("application", "uuid/v0") });
  expect(withLogins(pinned, [login()])).toBe(pinned);
});
