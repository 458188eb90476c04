import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import type { Reference } from "../databases/database";

const PAGE = 1000;

/** Keeps references in a file, so that the database's cursor need not stay open while they are worked through. */
export async function spool(path: string, pages: AsyncIterable<readonly Reference[]>): Promise<void> {
  await pipeline(linesOf(pages), createWriteStream(path));
}

async function* linesOf(pages: AsyncIterable<readonly Reference[]>): AsyncIterable<string> {
  for await (const page of pages) {
    yield page.map(({ hash, size, external = false }) => `${hash} ${size} ${Number(external)}\n`).join("");
  }
}

export async function* unspool(path: string): AsyncIterable<readonly Reference[]> {
  let page: Reference[] = [];
  for await (const line of createInterface({ input: createReadStream(path, "latin1") })) {
    const [hash = "", size, external] = line.split(" ");
    page.push({ hash, size: Number(size), external: external === "1" });
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  yield page;
}
