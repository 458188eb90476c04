import { ConfigurationError, readNamedFile } from "../configuration/load";
import type { DatabaseConfiguration, ServerConfiguration } from "../configuration/schema";
import type { DatabaseConnection, ServerConnection } from "../databases/connection";
import type { Concealer } from "./conceal";

/** Reads the files that the configuration names at `field`; what is secret in them is concealed from then on. */
export function connectServer(field: string, given: ServerConfiguration, concealer: Concealer): ServerConnection {
  const { engine, host, port, tls, caFile, username, usernameFile, passwordFile } = given;
  const read = (name: string, path: string | undefined) =>
    path === undefined ? undefined : readNamedFile(`${field}.${name}`, path);
  const caCertificates = read("caFile", caFile);
  if (caCertificates?.includes("-----BEGIN CERTIFICATE-----") === false) {
    throw new ConfigurationError([`${field}.caFile: ${caFile} holds no PEM certificate`]);
  }
  const password = read("passwordFile", passwordFile);
  if (password !== undefined) concealer.add(password);
  return {
    engine,
    host,
    port: port ?? (engine === "postgresql" ? 5432 : 3306),
    caCertificates,
    tls: tls === "verify" && !host.startsWith("/"),
    username: username ?? read("usernameFile", usernameFile) ?? "",
    password,
  };
}

export function connectDatabase(field: string, given: DatabaseConfiguration, concealer: Concealer): DatabaseConnection {
  const { name, tablePrefix } = given;
  return { ...connectServer(field, given, concealer), database: name, tablePrefix };
}
