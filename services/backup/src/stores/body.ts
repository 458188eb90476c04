import { Readable } from "node:stream";
import { StoreError } from "./store";

/** Milliseconds without a byte after which a body counts as stalled. */
const STALL = 60_000;

export interface BodyOptions {
  readonly store: string;
  readonly key: string;
  /** Bytes that must come. @default whatever comes */
  readonly size?: number;
  readonly translate: (error: unknown) => unknown;
}

/** A body of an answer, of which an early end, a stall and a broken connection are failures of the store. */
export function guarded(body: Readable, options: BodyOptions): Readable {
  return Readable.from(chunksOf(body, options), { objectMode: false });
}

async function* chunksOf(body: Readable, { store, key, size, translate }: BodyOptions): AsyncIterable<Buffer> {
  const stalled = new StoreError("transient", store, `${store}: reading ${key}: no byte for ${STALL / 1000} s`);
  const timer = setTimeout(() => body.destroy(stalled), STALL);
  let received = 0;
  try {
    for await (const chunk of body) {
      received += (chunk as Buffer).length;
      yield chunk as Buffer;
      timer.refresh();
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
