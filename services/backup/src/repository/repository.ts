import { randomUUID } from "node:crypto";
import { BackupError, NoRepository, WrongKey } from "../errors";
import { isStoreFailure, type ObjectStore } from "../stores/store";
import { putOnce, readText } from "../stores/whole";
import { type RepositoryConfig, repositoryConfigSchema } from "./config";
import { CONFIG_KEY } from "./layout";
import { SigningKey } from "./signing";

/** An opened repository. */
export interface Repository {
  readonly store: ObjectStore;
  readonly config: RepositoryConfig;
}

/** One that may be written. */
export interface WritableRepository extends Repository {
  readonly signingKey: SigningKey;
}

/** Makes a repository in an empty place. Where one is already it stays, if the secret is its. */
export async function initialise(store: ObjectStore, signingSecret: string, now: Date): Promise<RepositoryConfig> {
  const signingKey = new SigningKey(signingSecret);
  const config: RepositoryConfig = {
    format: 1,
    id: randomUUID(),
    createdAt: now.toISOString(),
    publicKey: signingKey.publicKey,
  };
  try {
    await putOnce(store, CONFIG_KEY, `${JSON.stringify(config, undefined, 1)}\n`, { condition: { absent: true } });
    return config;
  } catch (error) {
    if (!isStoreFailure(error, "precondition")) throw error;
  }
  return (await openForWriting(store, signingSecret)).config;
}

/** `publicKey` is the one to trust; without it, the repository's own. */
export async function openRepository(store: ObjectStore, publicKey?: string): Promise<Repository> {
  const text = await readText(store, CONFIG_KEY);
  if (text === undefined) throw new NoRepository(store.name);
  let config: RepositoryConfig;
  try {
    config = repositoryConfigSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new BackupError(`${store.name}: ${CONFIG_KEY} is damaged, or of a newer version of this program`, undefined, {
      cause: error,
    });
  }
  if (publicKey !== undefined && publicKey !== config.publicKey) {
    throw new WrongKey(`${store.name} has the public key ${config.publicKey}; the configuration trusts ${publicKey}`);
  }
  return { store, config };
}

export async function openForWriting(
  store: ObjectStore,
  signingSecret: string,
  publicKey?: string,
): Promise<WritableRepository> {
  const signingKey = new SigningKey(signingSecret);
  const repository = await openRepository(store, publicKey);
  if (signingKey.publicKey !== repository.config.publicKey) {
    throw new WrongKey(
      `the signing secret is not the one that ${store.name} was made with; restore it in the secret store, or make another repository`,
    );
  }
  return { ...repository, signingKey };
}
