/** A bucket of tokens that fills steadily: so many retries a second, whatever goes wrong everywhere at once. */
export class TokenBucket {
  private tokens: number;
  private filled: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly now: () => number = Date.now,
  ) {
    this.tokens = burst;
    this.filled = now();
  }

  /** Takes a token, and returns the milliseconds until it is there. */
  reserve(): number {
    const now = this.now();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.filled) / 1000) * this.perSecond) - 1;
    this.filled = now;
    return this.tokens >= 0 ? 0 : (-this.tokens / this.perSecond) * 1000;
  }
}
