import { readAnonymiseRules } from "../anonymise/rules";
import { openCloudSnapshots } from "../cloud-snapshots/take";
import type { FilesConfiguration } from "../configuration/schema";
import { openScratchServer, openSource, openTarget } from "../databases/open";
import { requireDrill } from "../drill/require";
import { readDrills } from "../drill/result";
import { runDrill } from "../drill/run";
import { NoRepository } from "../errors";
import type { Common } from "../operations";
import { runPrune } from "../prune/run";
import { breakLease, listSnapshots, readRepository, readSnapshot } from "../repository/inspect";
import { initialise, openRepository } from "../repository/repository";
import { runRestore } from "../restore/run";
import { runSnapshot } from "../snapshot/run";
import { MoodleFiles } from "../sources/moodle-files";
import { openStore } from "../stores/open";
import { runVerify } from "../verify/run";
import { latestVerification } from "../verify/verification";
import type { Operations, RepositoryState } from "./operations";

/** What commands do, in earnest. */
export const engine: Operations = {
  initialise,
  readRepository,
  runSnapshot,
  listSnapshots,
  readState,
  readSnapshot,
  runVerify,
  runRestore,
  runPrune,
  runDrill,
  requireDrill,
  breakLease,
  openStore,
  openFiles,
  openSource,
  openTarget,
  openScratchServer,
  openCloudSnapshots,
  readAnonymiseRules,
};

async function readState(common: Common): Promise<RepositoryState> {
  const { store, publicKey, signal } = common;
  try {
    const repository = await openRepository(store, publicKey);
    const snapshots = await listSnapshots(common);
    const verification = await latestVerification(repository, signal);
    let newest: RepositoryState["drill"];
    for await (const drill of readDrills(repository, signal)) {
      newest ??= drill;
      if (drill.passed) {
        return { repository: repository.config, snapshots, verification, drill: newest, passedDrill: drill };
      }
    }
    return { repository: repository.config, snapshots, verification, drill: newest };
  } catch (error) {
    if (error instanceof NoRepository) return { snapshots: [] };
    throw error;
  }
}

async function openFiles({ objectStore, directory }: FilesConfiguration) {
  const bucket = objectStore && {
    store: await openStore(objectStore),
    bucketName: objectStore.kind === "folder" ? objectStore.path : objectStore.bucket,
    keyPrefix: objectStore.kind === "folder" ? "" : objectStore.prefix,
  };
  const volume = directory === undefined ? undefined : await openStore({ kind: "folder", path: directory });
  const files = new MoodleFiles({ bucket, volume });
  return Object.assign(files, {
    close: async () => {
      await bucket?.store.close();
      await volume?.close();
    },
  });
}
