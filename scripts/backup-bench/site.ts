import { createHash, randomFillSync } from "node:crypto";
import { linkSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { HASH_SQL, SIZE_SQL } from "./references";
import type { Servers } from "./servers";

const TABLES = `
  CREATE TABLE mdl_config (id bigserial PRIMARY KEY, name varchar(255), value text);
  CREATE TABLE mdl_config_plugins (id bigserial PRIMARY KEY, plugin varchar(100), name varchar(100), value text);
  CREATE TABLE mdl_files (id bigserial PRIMARY KEY, contenthash varchar(40), component varchar(100), filearea varchar(50),
    filename varchar(255), userid bigint, filesize bigint, author varchar(255), source text);
  CREATE INDEX mdl_file_con_ix ON mdl_files (contenthash);
  CREATE TABLE mdl_tool_objectfs_objects (id bigserial PRIMARY KEY, contenthash varchar(40) UNIQUE, location smallint);
  CREATE TABLE mdl_logstore_standard_log (id bigserial PRIMARY KEY, eventname varchar(255), other text, userid bigint,
    timecreated bigint, ip varchar(45));
  INSERT INTO mdl_config (name, value) VALUES ('version', '2024100706.00'), ('release', '4.5.6 (Build: 20250811)');`;

/** Files are in the bucket `moodle`. */
const OBJECTFS = `
  INSERT INTO mdl_config_plugins (plugin, name, value) VALUES ('tool_objectfs', 'filesystem', '\\tool_objectfs\\s3_file_system'),
    ('tool_objectfs', 's3_bucket', 'moodle'), ('tool_objectfs', 'deletelocal', '1'), ('tool_objectfs', 'deleteexternal', '0');`;

/** Databases of a site: one whose files are in the bucket, and one that has them on its volume. */
export const DATABASES = { bucket: "moodle", volume: "moodle_volume" } as const;

/** A site with real files, on a volume and in a bucket: the same bytes on the disk. */
export class Site {
  readonly volume: string;
  private files = 0;

  constructor(
    folder: string,
    private readonly servers: Servers,
  ) {
    this.volume = join(folder, "moodledata");
    for (const database of Object.values(DATABASES)) {
      servers.psql("postgres", `CREATE DATABASE ${database}`);
      servers.psql(database, TABLES);
    }
    servers.psql(DATABASES.bucket, OBJECTFS);
  }

  /** Files of about 50 KB: most are small, one in a hundred has a megabyte and more. */
  add(count: number): void {
    const rows: string[] = [];
    for (let file = 0; file < count; file++) {
      const number = this.files++;
      const content = randomFillSync(Buffer.alloc(sizeOf(number)));
      const hash = createHash("sha1").update(content).digest("hex");
      const path = join(hash.slice(0, 2), hash.slice(2, 4), hash);
      const [local, remote] = [join(this.volume, "filedir", path), join(this.servers.objects, "moodle", path)];
      for (const name of [local, remote]) mkdirSync(dirname(name), { recursive: true });
      writeFileSync(local, content);
      linkSync(local, remote);
      rows.push(`('${hash}', 'mod_resource', 'content', 'file ${number}.bin', 2, ${content.length})`);
    }
    const columns = "(contenthash, component, filearea, filename, userid, filesize)";
    for (const database of Object.values(DATABASES)) {
      this.servers.psql(database, `INSERT INTO mdl_files ${columns} VALUES ${rows.join(",\n")}`);
    }
    this.servers.psql(
      DATABASES.bucket,
      "INSERT INTO mdl_tool_objectfs_objects (contenthash, location) SELECT contenthash, 2 FROM mdl_files ON CONFLICT DO NOTHING",
    );
  }
}

/** A database of a million files and as many events, whose files only the listing server knows. */
export function manyReferences(servers: Servers, count: number): void {
  servers.psql("postgres", "CREATE DATABASE many");
  servers.psql("many", TABLES + OBJECTFS);
  servers.psql(
    "many",
    `INSERT INTO mdl_files (contenthash, component, filearea, filename, userid, filesize, author, source)
       SELECT ${HASH_SQL}, 'mod_resource', 'content', 'lecture ' || n || '.pdf', n % 20000, ${SIZE_SQL}, 'First Last', 'lecture ' || n || '.pdf'
         FROM generate_series(0, ${count - 1}) AS n;
     INSERT INTO mdl_logstore_standard_log (eventname, other, userid, timecreated, ip)
       SELECT '\\core\\event\\course_viewed', '{"coursesectionnumber":"' || n % 30 || '","key":"' || md5(n::text) || '"}', n % 20000,
         1700000000 + n, '10.' || n % 256 || '.' || n % 199 || '.7'
         FROM generate_series(1, ${count * 2}) AS n;
     VACUUM ANALYZE`,
  );
}

function sizeOf(number: number): number {
  if (number % 100 === 0) return 1_200_000 + (number % 7) * 100_000;
  if (number % 5 === 0) return 60_000 + (number % 97) * 1000;
  return 2000 + (number % 211) * 130;
}
