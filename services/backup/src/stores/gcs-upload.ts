import { type ApiError, CRC32C, type File, type FileMetadata } from "@google-cloud/storage";
import type { StoreError, StoreFailure } from "./store";

/** The client passes a body on, whatever its types say. */
type SessionRequest = Parameters<File["request"]>[0] & { readonly body: Buffer };

/** A piece of what is uploaded. */
export interface Chunk {
  readonly content: Buffer;
  readonly isLast: boolean;
}

/** Cuts a body into pieces of `bytes`, the last one of what is left; it is empty only where the body is. */
export async function* chunksOf(body: AsyncIterable<Buffer>, bytes: number): AsyncIterable<Chunk> {
  let pending: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    for (let rest = piece; rest.length > 0; ) {
      if (size === bytes) {
        yield { content: Buffer.concat(pending), isLast: false };
        pending = [];
        size = 0;
      }
      const fitting = rest.subarray(0, bytes - size);
      pending.push(fitting);
      size += fitting.length;
      rest = rest.subarray(fitting.length);
    }
  }
  yield { content: Buffer.concat(pending), isLast: true };
}

/** How many bytes the service has, or the object that they became. */
type Progress = { readonly received: number } | { readonly metadata: FileMetadata };

export interface UploadOptions {
  readonly file: File;
  /** Address of the session, which `beginUpload` gives. */
  readonly session: string;
  /** Repeats what fails as transient. */
  readonly persist: <T>(action: () => Promise<T>) => Promise<T>;
  readonly fail: (failure: StoreFailure, problem: string) => StoreError;
}

/** Asks for a session, once. */
export async function beginUpload(file: File, query: object, metadata: object): Promise<string> {
  const { bucket, name } = file;
  const [, { headers }] = await file.request({
    method: "POST",
    uri: `${bucket.storage.apiEndpoint}/upload/storage/v1/b/${bucket.name}/o`,
    qs: { uploadType: "resumable", name, ...query },
    json: metadata,
  });
  return String(headers.location);
}

/**
 * A session that takes an object chunk by chunk, and of each what an earlier attempt did not bring:
 * https://cloud.google.com/storage/docs/performing-resumable-uploads. Nothing is under the key before the last byte came.
 * The client's own waits for an answer without end, and fails where the very last one gets lost.
 */
export class ResumableUpload {
  private readonly crc32c = new CRC32C();
  private offset = 0;

  constructor(private readonly options: UploadOptions) {}

  /** Metadata of the object, after the last chunk. */
  async add({ content, isLast }: Chunk): Promise<FileMetadata | undefined> {
    this.crc32c.update(content);
    const start = this.offset;
    const end = start + content.length;
    this.offset = end;
    const total = isLast ? String(end) : "*";
    let isKnown = true;
    let received = start;
    const metadata = await this.options.persist(async () => {
      // After a failure only the service knows what came, and whether it was all.
      const state = isKnown ? { received } : await this.send("bytes */*");
      if ("metadata" in state) return state.metadata;
      received = this.within(state.received, start, end);
      if (received === end && !isLast) return undefined;
      isKnown = false;
      const rest = content.subarray(received - start);
      const range = rest.length === 0 ? "*" : `${received}-${end - 1}`;
      const hash = isLast ? { "x-goog-hash": `crc32c=${this.crc32c}` } : undefined;
      const answer = await this.send(`bytes ${range}/${total}`, rest, hash);
      if ("metadata" in answer) return answer.metadata;
      received = this.within(answer.received, start, end);
      isKnown = true;
      if (received === end && !isLast) return undefined;
      throw this.options.fail("transient", `${received} of ${end} bytes came`);
    });
    return metadata && this.compare(metadata);
  }

  private within(received: number, start: number, end: number): number {
    if (received >= start && received <= end) return received;
    throw this.options.fail("other", `the upload is at byte ${received}, which is not between ${start} and ${end}`);
  }

  /** What arrived as something else does not stay. */
  private async compare(metadata: FileMetadata): Promise<FileMetadata> {
    const { crc32c, generation, size } = metadata;
    const isWhole = Number(size) === this.offset && (crc32c === undefined || this.crc32c.validate(crc32c));
    if (isWhole) return metadata;
    const { file, persist, fail } = this.options;
    await persist(() => file.delete({ ignoreNotFound: true, ifGenerationMatch: generation }));
    throw fail("transient", "what arrived is not what was sent");
  }

  /** An answer 308 says what came: `bytes=0-99`, or nothing while that is nothing. */
  private async send(range: string, body: Buffer = Buffer.alloc(0), hash?: Record<string, string>): Promise<Progress> {
    const { file, session: uri } = this.options;
    const headers = { ...hash, "content-range": range, "content-length": String(body.length) };
    try {
      const [metadata] = await file.request({ method: "PUT", uri, headers, body } as SessionRequest);
      return { metadata: metadata as FileMetadata };
    } catch (error) {
      const { code, response } = error as ApiError;
      if (Number(code) !== 308) throw error;
      const last = /-(\d+)$/.exec(String(response?.headers.range ?? ""))?.[1];
      return { received: last === undefined ? 0 : Number(last) + 1 };
    }
  }
}
