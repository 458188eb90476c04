import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { type ObjectState, StoreError, type WholeObject } from "./store";
import { streamOf } from "./stream-of";

const STALL = 60_000;

export interface BodyOptions {
  readonly store: string;
  readonly key: string;
  /** Bytes that must come. @default whatever comes */
  readonly size?: number;
  readonly translate: (error: unknown) => unknown;
  /** Milliseconds without a byte after which it counts as stalled. @default 60,000 */
  readonly stallMilliseconds?: number;
}

/** A body of an answer, of which an early end, a stall and a broken connection are failures of the store. */
export function guarded(body: Readable, options: BodyOptions): Readable {
  return streamOf(chunksOf(body, options), body);
}

async function* chunksOf(
  body: Readable,
  { store, key, size, translate, stallMilliseconds = STALL }: BodyOptions,
): AsyncIterable<Buffer> {
  const stalled = new StoreError(
    "transient",
    store,
    `${store}: reading ${key}: no byte for ${stallMilliseconds / 1000} s`,
  );
  const watch = () => setTimeout(() => body.destroy(stalled), stallMilliseconds);
  let timer = watch();
  let received = 0;
  try {
    for await (const chunk of body) {
      received += (chunk as Buffer).length;
      // A reader may take its time.
      clearTimeout(timer);
      yield chunk as Buffer;
      timer = watch();
    }
  } catch (error) {
    throw translate(error);
  } finally {
    clearTimeout(timer);
  }
  if (size !== undefined && received !== size) {
    throw new StoreError("transient", store, `${store}: reading ${key}: ${received} of ${size} bytes came`);
  }
}

/** Reads what was opened, where it has no more than `atMost` bytes. */
export async function wholeOf(
  { state, body }: { readonly state: ObjectState; readonly body: Readable },
  atMost: number,
): Promise<WholeObject> {
  if (state.size <= atMost) return { state, content: await buffer(body) };
  body.destroy();
  return { state };
}
