import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { initialise } from "../../../services/backup/src/repository/repository";
import type { StoreConfiguration } from "../../../services/backup/src/stores/configuration";
import { openStore } from "../../../services/backup/src/stores/open";
import { ChangingSite, hashesOf } from "./changing-site";
import { type Death, type Ended, type Run, runProcess } from "./killed-runs";
import { RepositoryOnDisk, sha1Of } from "./repository-on-disk";

const SECRET = "a secret of the tests, long enough for a key";

/** What a test kills: a site that goes on changing, and a repository whose files can be looked at. */
export interface CrashPlace {
  readonly repository: StoreConfiguration;
  /** Where the repository's server keeps its objects. */
  readonly disk: string;
  readonly bucket?: StoreConfiguration;
}

class Crashes {
  kills = 0;
  /** Milliseconds and calls of a whole run of each command: deaths are spread over them. */
  private readonly length = { snapshot: 300, prune: 150, restore: 200 };
  private readonly disk: RepositoryOnDisk;
  private targets = 0;

  constructor(
    private readonly place: CrashPlace,
    private readonly site: ChangingSite,
  ) {
    this.disk = new RepositoryOnDisk(place.disk);
  }

  /** Kills a run `times` times, then lets one end. Whatever is sealed is whole, always. */
  async endure(command: "snapshot" | "prune" | "restore", times: number): Promise<void> {
    const run = this.describe(command);
    for (let kill = 0; kill < times; kill++) {
      const death = this.death(command);
      const { exitCode, output } = await this.whileSiteChanges(run, death);
      if (exitCode === null) this.kills++;
      else expect({ command, death, exitCode, output }).toEqual({ command, death, exitCode: 0, output: "" });
      expect({ command, death, faults: this.disk.faults() }).toEqual({ command, death, faults: [] });
      this.disk.expireLease();
      // Killed when all was done.
      if (command === "restore" && isRestored(run)) return this.expectRestored(run);
    }
    const startedAt = performance.now();
    const { exitCode, output } = await this.whileSiteChanges(run);
    this.length[command] = performance.now() - startedAt;
    expect({ command, exitCode, output }).toEqual({ command, exitCode: 0, output: "" });
    expect(this.disk.faults()).toEqual([]);
    if (command === "restore") this.expectRestored(run);
  }

  private describe(command: Run["command"]): Run {
    const { repository, bucket } = this.place;
    const { root, volume, rowsPath: rows } = this.site;
    const run = { command, repository, bucket, volume, rows, scratch: join(root, "scratch"), secret: SECRET };
    if (command !== "restore") return run;
    return { ...run, snapshot: this.disk.snapshots().at(-1), target: join(root, `target-${++this.targets}`) };
  }

  private async whileSiteChanges(run: Run, death?: Death): Promise<Ended> {
    const over = new AbortController();
    const living = this.site.live(over.signal);
    try {
      return await runProcess(run, death);
    } finally {
      over.abort();
      await living;
    }
  }

  /** Half of all at a call of the repository, the other half at a time. */
  private death(command: Run["command"]): Death {
    if (Math.random() < 0.5) return { afterMilliseconds: Math.random() * this.length[command] };
    const call = 1 + Math.floor(Math.random() ** 2 * (command === "snapshot" ? 120 : 40));
    return { atCall: Math.random() < 0.5 ? call : -call };
  }

  private expectRestored({ snapshot = "", target = "" }: Run): void {
    const hashes = this.disk.hashes(snapshot);
    expect(hashesOf(`${target}.rows`)).toEqual(hashes);
    const files = readdirSync(target, { recursive: true })
      .map((name) => join(target, String(name)))
      .filter((path) => !path.includes(".tmp") && statSync(path).isFile());
    expect(files.map(sha1Of).sort()).toEqual(hashes);
    expect(existsSync(`${target}.begun`)).toBe(false);
  }
}

/** Both places hold something, and nothing says that it is not all. */
function isRestored({ target = "" }: Run): boolean {
  return existsSync(`${target}.rows`) && !existsSync(join(target, "moodle-backup-restore.json"));
}

/** Runs to kill in each place: few by default, for each takes its time. With `BACKUP_KILLS=60` it is a proof. */
const KILLS = Number(process.env.BACKUP_KILLS ?? "9");

/** Milliseconds that a test of so many kills may take. */
export const KILLING_TIME = 120_000 + KILLS * 20_000;

/** Kills at least `KILLS` runs on a site of `files` files. */
export async function killRuns(place: CrashPlace, files = 150): Promise<void> {
  const bucket = place.bucket === undefined ? undefined : await openStore(place.bucket);
  const site = new ChangingSite(bucket);
  const store = await openStore(place.repository);
  try {
    await initialise(store, SECRET, new Date());
    await site.grow(files);
    const crashes = new Crashes(place, site);
    while (crashes.kills < KILLS) {
      await crashes.endure("snapshot", 4);
      await crashes.endure("restore", 2);
      await crashes.endure("prune", 3);
    }
  } finally {
    site.close();
    await Promise.all([store.close(), bucket?.close()]);
  }
}
