import type { Readable } from "node:stream";
import { type QuickRequest, type QuickRequests, stateOf } from "./s3-quick";
import type { ObjectState, WholeObject } from "./store";

/** What is read, and from where. */
export interface QuickRead extends Pick<QuickRequest, "patience" | "signal"> {
  /** As the store knows it. */
  readonly key: string;
  /** As the server does: below the store's prefix. */
  readonly path: string;
  readonly versionId?: string;
  /** Such as `bytes=0-99`. @default everything */
  readonly range?: string;
}

/** An object whose content is still to be read; nothing where the SDK is to ask for it. */
export async function openQuickly(
  quick: QuickRequests,
  read: QuickRead,
): Promise<{ readonly state: ObjectState; readonly body: Readable } | undefined> {
  const body = await quick.open(requestOf(read));
  if (body === undefined) return undefined;
  const state = stateOf(read.key, Number(body.headers["content-length"]), body.headers);
  if (state === undefined) body.destroy();
  return state && { state, body };
}

/** An object with its content, if that has no more than `atMost` bytes; nothing where the SDK is to ask for it. */
export async function readQuickly(
  quick: QuickRequests,
  read: QuickRead,
  atMost: number,
): Promise<WholeObject | undefined> {
  const answer = await quick.read(requestOf(read), atMost);
  if (answer === undefined) return undefined;
  const size = Number(answer.headers["content-length"]);
  const state = stateOf(read.key, size, answer.headers);
  if (state === undefined || (answer.content !== undefined && answer.content.length !== size)) return undefined;
  return { state, content: answer.content };
}

function requestOf({ path, versionId, range, patience, signal }: QuickRead): QuickRequest {
  return {
    method: "GET",
    key: path,
    query: versionId === undefined ? {} : { versionId },
    headers: range === undefined ? {} : { range },
    patience,
    signal,
  };
}
