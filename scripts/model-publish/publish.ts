import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { forEachConcurrent, itemsOf } from "../../services/backup/src/concurrency";
import { persist } from "../../services/backup/src/stores/persist";
import { isStoreFailure, type ObjectStore } from "../../services/backup/src/stores/store";
import { type ModelFile, modelFiles } from "./files";
import {
  checkModelVersion,
  filesPrefix,
  type ModelVersion,
  manifestKey,
  readManifest,
  writeManifest,
} from "./manifest";
import { PublishError } from "./publish-error";

const AT_ONCE = 4;

export interface PublishOptions extends ModelVersion {
  readonly store: ObjectStore;
  readonly folder: string;
  /** Delete first what an earlier try has left without publishing it. @default false */
  readonly discardUnfinished?: boolean;
  /** Hears of every file. @default nobody */
  readonly report?: (line: string) => void;
}

export interface Published {
  readonly files: number;
  /** Bytes. */
  readonly size: number;
  /** `already` where the same files were published before: nothing has changed. */
  readonly outcome: "published" | "already";
}

/**
 * Puts a version of a model into the bucket: its files, then the manifest that lists them, each only where nothing is yet.
 * Whoever ends it half-way runs it again: what is there is compared, what is missing is sent. Nothing is ever written over,
 * so that two who publish the same version at once either agree or fail.
 *
 * @throws PublishError where the version is there with other files
 */
export async function publishModel(options: PublishOptions): Promise<Published> {
  const { store, folder, report = () => {} } = options;
  checkModelVersion(options);
  const files = await modelFiles(folder);
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const manifest = writeManifest(options, files);
  if (await isPublished(options, files)) return { files: files.length, size, outcome: "already" };
  if (options.discardUnfinished === true) await discard(options);

  const prefix = filesPrefix(options);
  const present = await objects(store, prefix);
  refuseStrays(options, files, present);
  await forEachConcurrent(files, AT_ONCE, async (file) => {
    if (present.has(file.path)) await compare(options, file, present.get(file.path) ?? 0);
    else await send(options, file);
    report(`${present.has(file.path) ? "there" : "sent"}  ${file.path}`);
  });
  // KServe would fetch what someone else has put beside the files meanwhile.
  refuseStrays(options, files, await objects(store, prefix));
  try {
    await persist(() => store.put(manifestKey(options), manifest, { condition: { absent: true } }));
  } catch (error) {
    // Written by someone else, or by a request of ours whose answer was lost.
    if (!isStoreFailure(error, "precondition") || !(await isPublished(options, files))) throw error;
  }
  return { files: files.length, size, outcome: "published" };
}

function refuseStrays(
  options: PublishOptions,
  files: readonly ModelFile[],
  present: ReadonlyMap<string, number>,
): void {
  const known = new Set(files.map(({ path }) => path));
  const stray = [...present.keys()].find((path) => !known.has(path));
  if (stray !== undefined) throw unfinished(options, stray, "is not in the folder");
}

/** Whether these very files are published; others under this version are refused. */
async function isPublished(options: PublishOptions, files: readonly ModelFile[]): Promise<boolean> {
  const { store, name, version } = options;
  const published = await persist(async () => {
    try {
      return await text((await store.get(manifestKey(options))).body);
    } catch (error) {
      if (isStoreFailure(error, "not-found")) return undefined;
      throw error;
    }
  });
  if (published === undefined) return false;
  const before = new Map(readManifest(published).map(({ path, sha256 }) => [path, sha256]));
  const changed = files.find(({ path, sha256 }) => before.get(path) !== sha256);
  if (changed !== undefined || before.size !== files.length) {
    const what = changed === undefined ? "with more files" : `with another ${changed.path}`;
    throw new PublishError(`${name} ${version} is published in ${store.name} ${what}: choose another version`);
  }
  return true;
}

async function send({ store, folder, ...model }: PublishOptions, { path, size, sha256 }: ModelFile): Promise<void> {
  const key = `${filesPrefix(model)}${path}`;
  const checksum = { algorithm: "sha256", value: sha256 } as const;
  try {
    await persist(() =>
      store.putStream(key, createReadStream(join(folder, path)), { condition: { absent: true }, checksum, size }),
    );
  } catch (error) {
    if (isStoreFailure(error, "corrupt")) throw new PublishError(`${path} has changed while it was read: try again`);
    if (!isStoreFailure(error, "precondition")) throw error;
    await compare({ store, folder, ...model }, { path, size, sha256 }, size);
  }
}

/** An object that is there must be this file. */
async function compare(options: PublishOptions, file: ModelFile, size: number): Promise<void> {
  const isSame = size === file.size && (await sha256Of(options, file)) === file.sha256;
  if (!isSame) throw unfinished(options, file.path, "is another than the folder's");
}

async function sha256Of({ store, ...model }: PublishOptions, { path }: ModelFile): Promise<string> {
  return persist(async () => {
    const hash = createHash("sha256");
    const { body } = await store.get(`${filesPrefix(model)}${path}`);
    for await (const chunk of body) hash.update(chunk as Buffer);
    return hash.digest("hex");
  });
}

async function discard(options: PublishOptions): Promise<void> {
  const { store } = options;
  const prefix = filesPrefix(options);
  const keys = [...(await objects(store, prefix)).keys()].map((path) => `${prefix}${path}`);
  for (let first = 0; first < keys.length; first += 1000) {
    const [undeleted] = await store.delete(keys.slice(first, first + 1000));
    if (undeleted !== undefined) throw undeleted.error;
  }
}

/** Sizes of what is below a prefix, by the rest of the key. */
async function objects(store: ObjectStore, prefix: string): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { key, size } of itemsOf(store.list(prefix))) sizes.set(key.slice(prefix.length), size);
  return sizes;
}

function unfinished({ store, ...model }: PublishOptions, path: string, what: string): PublishError {
  return new PublishError(
    `${path} in ${store.name}/${filesPrefix(model)} ${what}: an earlier try has left it without publishing it; ` +
      "choose another version, or add --discard-unfinished to delete what is there",
  );
}
