/**
 * What all peers together make us hold: messages unread, messages in part, messages unsent.
 *
 * Each peer has bounds of its own in peer.ts; a hundred that fill theirs at once would still be too
 * much. Who has mail is made to wait, since we shall read it; who keeps us waiting, has to go.
 */

const MEBIBYTE = 1024 * 1024;

/** Bytes of unread messages from which on nobody is read any further: they drain by themselves. */
export const MAX_UNREAD_BYTES = 32 * MEBIBYTE;

/** Bytes of messages that came in part; a download has half of it on the way at most. */
export const MAX_PARTIAL_BYTES = 64 * MEBIBYTE;

/** Bytes queued for peers that do not take them. */
export const MAX_UNSENT_BYTES = 128 * MEBIBYTE;

/** A part of a message up to this size is not worth ending a connection for. */
const SMALL_PARTIAL_BYTES = 65_536;

/** A peer, as far as it takes memory. */
export interface MemoryHolder {
  readonly unreadBytes: number;
  readonly partialBytes: number;
  /** When the message that came in part began to; Infinity if there is none. */
  readonly partialSince: number;
  readonly unsentBytes: number;
  /** There is room again. */
  readOn(): void;
  disconnect(reason: "memory-full" | "send-queue-full"): void;
}

interface Account {
  unreadBytes: number;
  partialBytes: number;
}

export class PeerMemory {
  readonly #accounts = new Map<MemoryHolder, Account>();
  readonly #waiting = new Set<MemoryHolder>();
  #unreadBytes = 0;
  #partialBytes = 0;

  /** Peers that hold something, or may. */
  get size(): number {
    return this.#accounts.size;
  }

  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  get partialBytes(): number {
    return this.#partialBytes;
  }

  /** True if nobody is to be read any further. */
  get isScarce(): boolean {
    return this.#unreadBytes > MAX_UNREAD_BYTES;
  }

  /** A peer came. */
  join(holder: MemoryHolder): void {
    this.#accounts.set(holder, { unreadBytes: 0, partialBytes: 0 });
  }

  /** A peer is gone; also one that never came. */
  leave(holder: MemoryHolder): void {
    this.#enter(holder, 0, 0);
    this.#accounts.delete(holder);
    this.#waiting.delete(holder);
  }

  /** `holder` reads nothing until it is told that there is room. */
  wait(holder: MemoryHolder): void {
    this.#waiting.add(holder);
  }

  /** What `holder` has of what its peer sent has changed. */
  received(holder: MemoryHolder): void {
    this.#enter(holder, holder.unreadBytes, holder.partialBytes);
    if (this.#partialBytes > MAX_PARTIAL_BYTES) this.#dropSlowest();
  }

  /** `holder` has much to send that is not taken. */
  congested(): void {
    const holders = [...this.#accounts.keys()];
    const total = holders.reduce((sum, { unsentBytes }) => sum + unsentBytes, 0);
    if (total <= MAX_UNSENT_BYTES) return;
    const longest = holders.reduce((a, b) => (b.unsentBytes > a.unsentBytes ? b : a));
    longest.disconnect("send-queue-full");
  }

  #enter(holder: MemoryHolder, unreadBytes: number, partialBytes: number): void {
    const account = this.#accounts.get(holder);
    if (account === undefined) return;
    const wasScarce = this.isScarce;
    this.#unreadBytes += unreadBytes - account.unreadBytes;
    this.#partialBytes += partialBytes - account.partialBytes;
    account.unreadBytes = unreadBytes;
    account.partialBytes = partialBytes;
    if (wasScarce && !this.isScarce) this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const holder of waiting) holder.readOn();
  }

  /** The message that has been on its way for longest is the least likely to arrive. */
  #dropSlowest(): void {
    const large = [...this.#accounts.keys()].filter(
      ({ partialBytes }) => partialBytes > SMALL_PARTIAL_BYTES,
    );
    if (large.length === 0) return;
    large.reduce((a, b) => (b.partialSince < a.partialSince ? b : a)).disconnect("memory-full");
  }
}
