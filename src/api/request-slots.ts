/**
 * How many requests are worked on at once: some run, some wait their turn, the rest are told so.
 *
 * Bounds the memory and the time that requests can take together. Knows nothing of what they ask.
 */

/** Requests worked on at once. */
export const MAX_RUNNING_REQUESTS = 64;

/** Requests that wait for one of those to end. */
export const MAX_WAITING_REQUESTS = 64;

export class RequestSlots {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor({
    maxRunning = MAX_RUNNING_REQUESTS,
    maxWaiting = MAX_WAITING_REQUESTS,
  }: {
    maxRunning?: number;
    maxWaiting?: number;
  } = {}) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  get running(): number {
    return this.#running;
  }

  /** Resolves true once there is a slot, which `leave` gives back; false at once if too many wait. */
  async enter(): Promise<boolean> {
    if (this.#running < this.#maxRunning) {
      this.#running += 1;
      return true;
    }
    if (this.#waiting.length >= this.#maxWaiting) return false;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  /** Gives a slot back, to whoever waited longest. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
