import { NoRepository } from "../../../../services/backup/src/errors";
import { EXIT } from "../../../../services/backup/src/exit-codes";
import { FakeDatabase } from "../support/fake-database";
import { file, run } from "./fake-world";

const LEFT_OUT = ["2 triggers, which Moodle does not have", "1 view, which Moodle does not have"];

test("says of each thing how it is", async () => {
  const { stdout, exitCode, stderr } = await run(["doctor"]);
  expect(stdout.split("\n").map((line) => line.replace(/:.*/, ""))).toEqual([
    "ok      store",
    "ok      repository",
    "ok      signing key",
    "ok      database",
    "ok      files",
    "ok      scratch",
    "",
  ]);
  expect(stdout).toMatch(/store: memory:\/\/backups keeps no versions, locks nothing/);
  expect(stdout).toMatch(/database: postgresql 15\.12 with Moodle 4\.5\.6/);
  expect([exitCode, stderr]).toEqual([EXIT.success, ""]);
});

test("tells of all that is wrong, and ends with the code of the first", async () => {
  const operations = {
    readRepository: () => Promise.reject(new NoRepository("s3://backups")),
    openSource: () => Promise.reject(new Error("refuses the login of moodle_backup")),
  };
  const { stdout, exitCode } = await run(["doctor"], { operations });
  expect(stdout).toMatch(/^failed {2}repository: s3:\/\/backups holds no repository/m);
  expect(stdout).toMatch(/^failed {2}database: refuses the login/m);
  expect(stdout).toMatch(/^failed {2}files: not checked: the database says where/m);
  expect(stdout).toMatch(/^ok {6}scratch/m);
  expect(exitCode).toBe(EXIT.noRepository);
});

test("a secret of another repository is told from one that cannot be read", async () => {
  const secretFile = file("another", "another secret that is long enough to be one");
  const other = await run(["doctor"], { configuration: { signing: { secretFile } } });
  expect(other.stdout).toMatch(/failed {2}signing key: the signing secret belongs to the public key .{43}, not to/);
  expect(other.exitCode).toBe(EXIT.wrongKey);

  const absent = await run(["doctor"], { configuration: { signing: { secretFile: "/nowhere/secret" } } });
  expect(absent.stdout).toMatch(/failed {2}signing key: signing\.secretFile: \/nowhere\/secret cannot be read/);
  expect(absent.exitCode).toBe(EXIT.misconfigured);
});

test("files that would be lost in a snapshot are a fault", async () => {
  const operations = {
    openFiles: async () => ({
      preflight: () => Promise.reject(new Error("s3://files keeps no versions")),
      places: async function* () {},
      close: async () => {},
    }),
  };
  const { stdout, exitCode } = await run(["doctor"], { operations });
  expect(stdout).toMatch(/^failed {2}files: s3:\/\/files keeps no versions$/m);
  expect(exitCode).toBe(EXIT.failed);
});

test("warns of each thing that a dump leaves out, as a snapshot does", async () => {
  const database = new FakeDatabase();
  database.site = { ...database.site, leftOut: LEFT_OUT };
  const { stdout, stderr, exitCode } = await run(["doctor"], { operations: { openSource: async () => database } });
  for (const what of LEFT_OUT) expect(stderr).toContain(`a dump leaves out ${what}\n`);
  expect(stdout).toMatch(/^ok {6}database/m);
  expect(exitCode).toBe(EXIT.success);
});

test("changes nothing", async () => {
  const { calls } = await run(["doctor"]);
  expect(Object.keys(calls).sort()).toEqual(["openFiles", "openSource", "openStore", "readRepository"]);
});
