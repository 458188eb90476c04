/** Snapshots that the cloud makes beside the program's own, against what speaks the cloud's language. */
import { CloudSqlBackups } from "../../../services/backup/src/cloud-snapshots/cloud-sql";
import { RdsSnapshots } from "../../../services/backup/src/cloud-snapshots/rds";
import { takeCloudSnapshot } from "../../../services/backup/src/cloud-snapshots/take";
import { CloudSqlEmulator, RdsEmulator } from "../support/cloud-snapshots";

const ids = [1, 2, 3, 4, 5].map((n) => `01K3V7X2M9QZ4T8RWB6YHNCDE${n}`);
const onError = jest.fn();
const saved = { ...process.env };

beforeEach(() => onError.mockClear());
afterAll(() => {
  process.env = saved;
});

describe.each(["rds", "rds-cluster"] as const)("%s", (kind) => {
  let emulator: RdsEmulator;
  beforeEach(async () => {
    emulator = await new RdsEmulator().start();
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_RDS: `http://127.0.0.1:${emulator.port}`,
      AWS_ACCESS_KEY_ID: "example",
      AWS_SECRET_ACCESS_KEY: "example",
    });
  });
  afterEach(() => emulator.stop());

  const open = (identifier = "moodle-test-db") =>
    new RdsSnapshots({ kind, identifier, region: "eu-central-1", keep: 2 });
  const names = () => emulator.snapshots.map(({ name }) => name);

  test("a snapshot is named after the program's, and the oldest ones go", async () => {
    for (const id of ids) await takeCloudSnapshot(open(), 3, id, onError);
    expect(names()).toEqual(ids.slice(2).map((id) => `moodle-test-db-backup-${id.toLowerCase()}`));
    expect(onError).not.toHaveBeenCalled();
  });

  test("the manifest is told of it", async () => {
    expect(await takeCloudSnapshot(open(), 3, ids[0] ?? "", onError)).toEqual({
      kind,
      id: `moodle-test-db-backup-${ids[0]?.toLowerCase()}`,
      startedAt: expect.any(Date),
    });
  });

  test("a person's own snapshots stay, and those of another instance", async () => {
    emulator.snapshots.push(
      { name: "before-the-upgrade", of: "moodle-test-db" },
      { name: `moodle-test-2-db-backup-${ids[0]?.toLowerCase()}`, of: "moodle-test-2-db" },
    );
    for (const id of ids) await takeCloudSnapshot(open(), 1, id, onError);
    expect(names()).toEqual([
      "before-the-upgrade",
      `moodle-test-2-db-backup-${ids[0]?.toLowerCase()}`,
      `moodle-test-db-backup-${ids[4]?.toLowerCase()}`,
    ]);
  });

  test("one that cannot be deleted is a warning: the new one is there", async () => {
    for (const id of ids.slice(0, 2)) await takeCloudSnapshot(open(), 2, id, onError);
    emulator.refusal = "InvalidDBSnapshotState";
    await expect(takeCloudSnapshot(open(), 2, ids[2] ?? "", onError)).resolves.toMatchObject({ kind });
    expect(onError).toHaveBeenCalledTimes(1);
    expect(names()).toHaveLength(3);
  });

  test("one that cannot be made is a failure", async () => {
    await expect(takeCloudSnapshot(open("other-db"), 2, ids[0] ?? "", onError)).rejects.toThrow("refused");
  });
});

describe("Cloud SQL", () => {
  let emulator: CloudSqlEmulator;
  beforeEach(async () => {
    emulator = await new CloudSqlEmulator().start();
    Object.assign(process.env, {
      GCE_METADATA_HOST: `127.0.0.1:${emulator.port}`,
      METADATA_SERVER_DETECTION: "assume-present",
      GOOGLE_CLOUD_PROJECT: "test-project",
      CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL: `http://127.0.0.1:${emulator.port}/`,
    });
  });
  afterEach(() => emulator.stop());

  const open = () =>
    new CloudSqlBackups({ kind: "cloud-sql", project: "test-project", instance: "moodle-test", keep: 2 });

  test("a backup bears the program's id, the manifest the cloud's, and the oldest ones go", async () => {
    emulator.runs.push(
      { id: "1", type: "AUTOMATED" },
      { id: "2", type: "ON_DEMAND", description: "before the upgrade" },
    );
    const taken = [];
    for (const id of ids) taken.push(await takeCloudSnapshot(open(), 3, id, onError));
    expect(emulator.runs.map(({ id, description }) => description ?? id)).toEqual([
      "1",
      "before the upgrade",
      ...ids.slice(2).map((id) => `moodle-backup ${id}`),
    ]);
    expect(taken.at(-1)).toEqual({ kind: "cloud-sql", id: emulator.runs.at(-1)?.id, startedAt: expect.any(Date) });
    expect(onError).not.toHaveBeenCalled();
  });
});
