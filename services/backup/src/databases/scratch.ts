import { decodeTime } from "ulid";
import type { DatabaseConnection, ServerConnection } from "./connection";
import type { ScratchServer, TargetDatabase } from "./database";
import { escapeName } from "./mysql/names";
import { withMysqlSession } from "./mysql/session";
import { MysqlTarget } from "./mysql/target";
import { withSession } from "./postgresql/session";
import { PostgresqlTarget } from "./postgresql/target";

const PREFIX = "moodle_drill_";

/** Milliseconds after which a drill's database is one that was left behind. */
const DAY = 86_400_000;

/** What differs between the databases: statements that a server takes outside of any database of Moodle. */
interface Administration {
  names(): Promise<readonly string[]>;
  now(): Promise<Date>;
  create(name: string): Promise<void>;
  drop(name: string): Promise<void>;
}

/** A server on which drills make databases: a role with `CREATEDB`, or with all privileges on `moodle\_drill\_%`. */
export class DrillServer implements ScratchServer {
  constructor(private readonly server: ServerConnection) {}

  async create(drill: string): Promise<TargetDatabase & { drop(): Promise<void> }> {
    const { server } = this;
    const administration = server.engine === "postgresql" ? postgresql(server) : mysql(server);
    const now = await administration.now();
    for (const name of await administration.names()) if (isLeftBehind(name, now)) await administration.drop(name);
    const database = `${PREFIX}${drill.toLowerCase()}`;
    await administration.create(database);
    // The dump says what the prefix is.
    const connection: DatabaseConnection = { ...server, database, tablePrefix: "mdl_" };
    const target = server.engine === "postgresql" ? new PostgresqlTarget(connection) : new MysqlTarget(connection);
    return Object.assign(target, { drop: () => administration.drop(database) });
  }
}

/** Whether a drill made it more than a day ago. */
export function isLeftBehind(name: string, now: Date): boolean {
  if (!/^moodle_drill_[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(name)) return false;
  return now.getTime() - decodeTime(name.slice(PREFIX.length).toUpperCase()) > DAY;
}

function postgresql(server: ServerConnection): Administration {
  const connection = { ...server, database: "postgres", tablePrefix: "" };
  const rows = (sql: string) => withSession(connection, (session) => session.rows(sql));
  return {
    names: async () => (await rows("SELECT datname FROM pg_database")).map(([name]) => name ?? ""),
    now: async () => new Date(Number((await rows("SELECT extract(epoch FROM now())"))[0]?.[0]) * 1000),
    create: async (name) => {
      await rows(`CREATE DATABASE "${name}" ENCODING 'UTF8' TEMPLATE template0`);
    },
    drop: async (name) => {
      await rows(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    },
  };
}

function mysql(server: ServerConnection): Administration {
  const rows = (sql: string) => withMysqlSession(server, undefined, (session) => session.rows(sql));
  return {
    names: async () => (await rows("SHOW DATABASES")).map(([name]) => name ?? ""),
    now: async () => new Date(Number((await rows("SELECT unix_timestamp()"))[0]?.[0]) * 1000),
    create: async (name) => {
      await rows(`CREATE DATABASE ${escapeName(name)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
    },
    drop: async (name) => {
      await rows(`DROP DATABASE IF EXISTS ${escapeName(name)}`);
    },
  };
}
