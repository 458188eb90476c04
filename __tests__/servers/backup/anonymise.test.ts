/**
 * An anonymised restore of a site in which every text of every table says what it is, searched byte by byte: as the
 * database gives it out, in the files of its tables, and in Moodle's files. With `MOODLE_SRC` the tables are those of that
 * Moodle, and what it declares to be personal has to go, whatever the rules say.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readAnonymiseRules } from "../../../services/backup/src/anonymise/rules";
import { systemClock } from "../../../services/backup/src/clock";
import type { DatabaseConnection } from "../../../services/backup/src/databases/connection";
import { openSource, openTarget } from "../../../services/backup/src/databases/open";
import { silent } from "../../../services/backup/src/progress";
import { initialise } from "../../../services/backup/src/repository/repository";
import { runRestore } from "../../../services/backup/src/restore/run";
import { runSnapshot } from "../../../services/backup/src/snapshot/run";
import { blobPath } from "../../../services/backup/src/sources/files";
import { MoodleFiles } from "../../../services/backup/src/sources/moodle-files";
import { FolderStore } from "../../../services/backup/src/stores/folder";
import { CONTENT, MarkedSite, PERSONAL } from "./support/marked-site";
import { hashOf } from "./support/moodle-tables";
import { type DatabaseServer, databaseServers } from "./support/servers";
import { declaredBySource, schemaOfRules, schemaOfSource } from "./support/whole-schema";

const PASSWORD = "a-password-nobody-may-see";
const SECRET = "a-signing-secret-of-more-than-32-characters";
const SOURCE = process.env.MOODLE_SRC ?? "";

describe.each(databaseServers())("an anonymised restore of every table on $engine", ({ engine, start }) => {
  let server: DatabaseServer;
  let folder: string;
  let site: MarkedSite;

  const connection = (database: string): DatabaseConnection => ({
    ...{ engine, host: "localhost", port: server.port, tls: true, caCertificates: server.ca, database },
    ...{ username: "moodle", password: PASSWORD, tablePrefix: "mdl_" },
  });
  const restored = () => join(folder, "restored");

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "backup-anonymise-"));
    server = await start(PASSWORD);
    const rules = await readAnonymiseRules();
    const schema = SOURCE === "" ? schemaOfRules(rules) : schemaOfSource(SOURCE);
    const declared = SOURCE === "" ? new Set<string>() : declaredBySource(SOURCE);
    site = new MarkedSite(schema, rules, declared, engine === "postgresql" ? "postgresql" : "mysql");
    for (const database of ["moodle", "target"]) await server.makeDatabase(database);
    server.script("moodle", site.script);
    for (const { content } of site.files) {
      const path = join(folder, "data", "filedir", blobPath(hashOf(content)));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    const { signal } = new AbortController();
    const common = { progress: silent, clock: systemClock, signal, scratch: join(folder, "scratch") };
    const store = new FolderStore(join(folder, "repository"));
    await initialise(store, SECRET, new Date());
    const files = new MoodleFiles({ volume: new FolderStore(join(folder, "data")) });
    const source = await openSource(connection("moodle"));
    await runSnapshot({ ...common, store, database: source, files, signingSecret: SECRET });
    await runRestore({
      ...{ ...common, store, snapshot: "latest", anonymise: rules },
      files: new FolderStore(restored()),
      database: await openTarget(connection("target")),
    });
  }, 300_000);

  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("holds no personal text, and all that belongs to courses", () => {
    const text = server.dumpText("target");
    expect(server.dumpText("moodle").split(PERSONAL).length).toBeGreaterThan(200);
    expect(found(PERSONAL, text)).toEqual([]);
    expect(site.kept.length).toBeGreaterThan(200);
    expect(site.kept.filter((marker) => !text.includes(marker))).toEqual([]);
  });

  test("has none in the files of its tables either", async () => {
    const tables = await server.tableFiles("target");
    expect(tables.length).toBeGreaterThan(100);
    expect(tables.some((bytes) => bytes.includes(CONTENT))).toBe(true);
    expect(tables.flatMap((bytes) => found(PERSONAL, bytes.toString("latin1")))).toEqual([]);
  });

  test("brings no personal file", () => {
    const contents = readdirSync(restored(), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
    const stay = site.files.map(({ content }) => content).filter((content) => content.startsWith(CONTENT));
    expect(contents.sort()).toEqual(stay.sort());
  });
});

/** What follows a marker, wherever it is. */
function found(marker: string, text: string): string[] {
  return text
    .split(marker)
    .slice(1)
    .map((rest) => rest.slice(0, 60));
}
