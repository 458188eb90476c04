/** What other programs of the cluster use of this one: reading a login from its store, and trying it. */
export { type Stores, storesSchema } from "./configuration";
export { type DatabaseServer, LoginRefused, type ServerOptions } from "./databases/server";
export { describeError, errorCode, Log } from "./log";
export { openDatabase, openStore, type StoreName } from "./open";
export { type Credentials, InvalidSecret, type SecretStore, type StoredSecret } from "./secrets";
