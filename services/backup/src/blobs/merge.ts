/** Something that a hash names. */
export interface Hashed {
  readonly hash: string;
}

/** Walks through sorted pages from one hash to a greater one. */
export class Cursor<T extends Hashed> {
  private readonly pages: AsyncIterator<readonly T[]>;
  private page: readonly T[] = [];
  private index = 0;

  constructor(pages: AsyncIterable<readonly T[]>) {
    this.pages = pages[Symbol.asyncIterator]();
  }

  /** What is under `hash`, as long as the page at hand decides it; `undefined` where another page has to be loaded. */
  peek(hash: string): { readonly found: T | undefined } | undefined {
    for (; this.index < this.page.length; this.index++) {
      const item = this.page[this.index] as T;
      if (item.hash >= hash) return { found: item.hash === hash ? item : undefined };
    }
    return undefined;
  }

  /** False at the end. */
  async load(): Promise<boolean> {
    const { done, value } = await this.pages.next();
    this.page = done === true ? [] : value;
    this.index = 0;
    return done !== true;
  }

  async close(): Promise<void> {
    await this.pages.return?.();
  }
}

/**
 * For each page of `left`, what of it `accept` lets pass, given what `right` has under the same hash. Both are sorted; of
 * each, a page is in memory.
 */
export async function* filterBy<L extends Hashed, R extends Hashed>(
  left: AsyncIterable<readonly L[]>,
  right: AsyncIterable<readonly R[]>,
  accept: (left: L, right: R | undefined) => boolean,
): AsyncIterable<readonly L[]> {
  const cursor = new Cursor(right);
  let more = true;
  try {
    for await (const page of left) {
      const accepted: L[] = [];
      for (const item of page) {
        let seen = cursor.peek(item.hash);
        while (seen === undefined && more) {
          more = await cursor.load();
          seen = cursor.peek(item.hash);
        }
        if (accept(item, seen?.found)) accepted.push(item);
      }
      yield accepted;
    }
  } finally {
    await cursor.close();
  }
}
