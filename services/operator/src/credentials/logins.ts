import type { LoginStatus, MoodleClusterSpec } from "@moodle-platform/api";
import type { StoreName, Stores } from "@moodle-platform/database-roles";

/** A login at the database that a site's values name, and where it must work. */
export interface Login {
  readonly name: LoginStatus["name"];
  readonly store: StoreName;
  /** Name of the secret in the store. */
  readonly key: string;
  readonly hosts: readonly string[];
  readonly server: DatabaseServerValues;
}

/** The part of a site's values that says how its database is reached. */
export interface DatabaseServerValues {
  readonly type: MoodleClusterSpec["values"]["database"]["type"];
  readonly port: number;
  readonly name: string;
  readonly certificates?: string;
}

/** A secret as the values of charts/moodle name it. */
interface SecretSource {
  readonly store?: { readonly name: string };
  readonly key?: string;
  readonly version?: string;
}

interface DatabaseValues extends DatabaseServerValues {
  readonly host: string;
  readonly secret?: SecretSource;
  readonly readerHosts?: readonly string[];
  readonly readerSecret?: SecretSource;
}

/** Logins whose store the operator knows. One of which the specification itself names a version is a person's. */
export function loginsOf({ values }: MoodleClusterSpec, stores: Stores): Login[] {
  const { host, secret, readerHosts, readerSecret, ...server } = values.database as DatabaseValues;
  const sources = [
    { name: "database", source: secret, hosts: [host] },
    { name: "database-reader", source: readerSecret, hosts: readerHosts ?? [] },
  ] as const;
  return sources.flatMap(({ name, source, hosts }) => {
    const store = source?.store?.name as StoreName | undefined;
    if (source?.key === undefined || source.version !== undefined) return [];
    if (store === undefined || stores[store] === undefined || hosts.length === 0) return [];
    return [{ name, store, key: source.key, hosts, server }];
  });
}

/** A version of a store, in the words of `remoteRef.version`: https://external-secrets.io/latest/provider/aws-secrets-manager/ */
function remoteVersion(store: string | undefined, version: string): string {
  return store === "aws-secrets-manager" ? `uuid/${version}` : version;
}

/** Values under which pods get the logins that were found to work, and are replaced where those are others. */
export function withLogins(
  values: MoodleClusterSpec["values"],
  logins: readonly LoginStatus[] | undefined,
): MoodleClusterSpec["values"] {
  let result = values;
  for (const { name, key, version, restartedAt } of logins ?? []) {
    const field = name === "database" ? "secret" : "readerSecret";
    const source = (result.database as unknown as DatabaseValues)[field];
    if (source?.key !== key || source.version !== undefined) continue;
    const pinned = { ...source, version: remoteVersion(source.store?.name, version) };
    result = { ...result, database: { ...result.database, [field]: pinned } };
    const before = (result as { restartedAt?: string }).restartedAt ?? "";
    if (restartedAt !== undefined && restartedAt > before) result = { ...result, restartedAt };
  }
  return result;
}
