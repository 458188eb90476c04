import type { StoreConfiguration } from "./configuration";
import { FolderStore } from "./folder";
import type { ObjectStore } from "./store";

/** Opens a bucket or a folder. Clients are loaded only where they are needed: that saves a second of a run's start. */
export async function openStore(configuration: StoreConfiguration): Promise<ObjectStore> {
  switch (configuration.kind) {
    case "s3": {
      const { S3Store } = await import("./s3.js");
      return new S3Store(configuration);
    }
    case "gcs": {
      const { GcsStore } = await import("./gcs.js");
      return new GcsStore(configuration);
    }
    case "folder":
      return new FolderStore(configuration.path);
  }
}
