/** What one side puts in, the other takes out in the same order, until it ends. One side takes. */
export class Mailbox<T> implements AsyncIterable<T> {
  private readonly values: T[] = [];
  private ended: { readonly error?: unknown } | undefined;
  private wake: () => void = () => {};

  put(value: T): void {
    this.values.push(value);
    this.wake();
  }

  /** Nothing follows; what waits is still taken out. With an error, taking ends by throwing it. */
  end(error?: unknown): void {
    this.ended ??= error === undefined ? {} : { error };
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const value = this.values.shift();
      if (value !== undefined) {
        yield value;
      } else if (this.ended !== undefined) {
        if ("error" in this.ended) throw this.ended.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    }
  }
}
