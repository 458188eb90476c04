import { Readable } from "node:stream";

/** A stream of chunks that come from `source`. A generator that nobody began to read would not end what it reads from. */
export function streamOf(chunks: AsyncIterable<Buffer>, source: { destroy(): unknown }): Readable {
  const stream = Readable.from(chunks, { objectMode: false });
  stream.once("close", () => source.destroy());
  return stream;
}
