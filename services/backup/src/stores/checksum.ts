import { createHash } from "node:crypto";
import { Transform } from "node:stream";
import { type Checksum, StoreError } from "./store";

/**
 * Passes a stream on and compares it with its checksum. The last chunk is held back until the whole is known to be
 * right: a request of a known length can never be completed with wrong content.
 */
export function verifying(checksum: Checksum, store: string, key: string): Transform {
  const hash = createHash(checksum.algorithm);
  let held: Buffer | undefined;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      const previous = held;
      held = chunk;
      done(null, previous);
    },
    flush(done) {
      if (hash.digest("hex") !== checksum.value) done(corrupt(checksum, store, key));
      else done(null, held);
    },
  });
}

/** Throws where the content is another. */
export function verify(content: Uint8Array, checksum: Checksum, store: string, key: string): void {
  if (createHash(checksum.algorithm).update(content).digest("hex") !== checksum.value) {
    throw corrupt(checksum, store, key);
  }
}

function corrupt({ algorithm, value }: Checksum, store: string, key: string): StoreError {
  return new StoreError(
    "corrupt",
    store,
    `${store}: what was to be written as ${key} does not have ${algorithm} ${value}`,
  );
}
