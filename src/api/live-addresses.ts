/**
 * The addresses that clients watch, by their scripts.
 *
 * Events are made for these alone: every payment touches three addresses, and nobody looks at most
 * of them. One that nobody watches any more is kept for a while, so that a client which lost its
 * connection finds what it missed.
 */

/** Addresses kept that nobody watches any more. */
export const MAX_IDLE_ADDRESSES = 1_000;

interface Watched {
  readonly address: string;
  /** Number of the first event that it can have. */
  readonly from: number;
  watchers: number;
}

export class WatchedAddresses {
  readonly #byScript = new Map<string, Watched>();
  /** Those that nobody watches, the one left longest ago first. */
  readonly #idle = new Set<string>();

  get size(): number {
    return this.#byScript.size;
  }

  /** Returns the address of `script`, as hex, if it is watched. */
  find(script: string): string | undefined {
    return this.#byScript.get(script)?.address;
  }

  /**
   * Adds a watcher of `script`; returns from which event on all of it was told, which is `next`
   * unless it was watched before.
   */
  watch(script: string, address: string, next: number): number {
    const known = this.#byScript.get(script);
    if (known === undefined) {
      this.#byScript.set(script, { address, from: next, watchers: 1 });
      return next;
    }
    known.watchers += 1;
    this.#idle.delete(script);
    return known.from;
  }

  /** Takes a watcher of `script` away. */
  unwatch(script: string): void {
    const known = this.#byScript.get(script);
    if (known === undefined) return;
    known.watchers -= 1;
    if (known.watchers > 0) return;
    this.#idle.add(script);
    if (this.#idle.size > MAX_IDLE_ADDRESSES) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const script of this.#idle) {
      this.#idle.delete(script);
      this.#byScript.delete(script);
      return;
    }
  }
}
