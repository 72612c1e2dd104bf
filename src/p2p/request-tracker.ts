/**
 * Whom to ask for which transaction, and when to ask somebody else.
 *
 * Every peer has an account of its own, so that what one announces or withholds takes nothing from
 * what others may be asked for (P-26, P-27). One peer is asked at a time; whoever has not answered in
 * time is not asked again for the same. Knows neither messages nor transactions, and sends nothing.
 */

import { Heap, type HeapMember } from "../lib/heap.ts";
import type { Random } from "./transport.ts";

/** Announcements of one peer that are kept; more are not heard (Bitcoin Core's number). */
export const MAX_ANNOUNCEMENTS = 5_000;

/** Requests that one peer has to answer at a time (Bitcoin Core's number). */
export const MAX_REQUESTS = 100;

/** Milliseconds after which another peer is asked. */
export const REQUEST_TIMEOUT_MS = 5_000;

/** Milliseconds for which those we chose ourselves come before those who chose us. */
export const INBOUND_DELAY_MS = 500;

/** Unanswered requests in a row, after which a peer is asked when nobody else is left. */
const MAX_TIMEOUTS = 3;

/** What is asked of whom. */
export interface TrackedRequest<Key> {
  readonly peer: Key;
  readonly hash: string;
  /** True if it is asked for by the hash over its witness too. */
  readonly isWtxid: boolean;
}

/** A peer as the tracker sees it. */
export interface PeerTraits {
  /** True if we chose it ourselves, so that it is less likely to be one of many of one attacker. */
  readonly isPreferred: boolean;
}

type State =
  /** Its time has not come. */
  | "delayed"
  /** To be asked for, at the next opportunity. */
  | "ready"
  /** To be asked for, should the peer that was asked not answer. */
  | "parked"
  | "requested"
  /** Asked for in vain. Kept until all who announced it were asked, lest it be asked again. */
  | "done";

interface Announcement<Key> extends HeapMember {
  readonly account: Account<Key>;
  readonly hash: string;
  readonly isWtxid: boolean;
  /** Chance decides between equals: being first must not be worth anything. */
  readonly rank: number;
  state: State;
  /** When it is ready, or when the request ends. */
  at: number;
}

interface Account<Key> {
  readonly peer: Key;
  readonly isPreferred: boolean;
  readonly announcements: Map<string, Announcement<Key>>;
  /** In the order in which they became ready. */
  readonly ready: Set<Announcement<Key>>;
  requestCount: number;
  /** Unanswered requests since the last answer. */
  timeouts: number;
}

/** Announcements of one hash. */
interface Wanted<Key> {
  /** At most one of each peer. An array, since most have one member, and a Set of one is large. */
  readonly announcements: Announcement<Key>[];
  requested: Announcement<Key> | undefined;
}

/** Keeps announcements of peers, which are named by `Key`, and chooses whom to ask. */
export class RequestTracker<Key> {
  readonly #random: Pick<Random, "below">;
  readonly #accounts = new Map<Key, Account<Key>>();
  readonly #wanted = new Map<string, Wanted<Key>>();
  readonly #times = new Heap<Announcement<Key>>((a, b) => a.at < b.at);
  #preferredCount = 0;

  constructor(random: Pick<Random, "below">) {
    this.#random = random;
  }

  /** Announcements kept, of all peers. */
  get size(): number {
    let size = 0;
    for (const { announcements } of this.#accounts.values()) size += announcements.size;
    return size;
  }

  get peerCount(): number {
    return this.#accounts.size;
  }

  /** Hashes that somebody announced. */
  get hashCount(): number {
    return this.#wanted.size;
  }

  /** Announcements of `peer` that are kept. */
  announcementCount(peer: Key): number {
    return this.#accounts.get(peer)?.announcements.size ?? 0;
  }

  /** Requests that `peer` has not answered, and still may. */
  requestCount(peer: Key): number {
    return this.#accounts.get(peer)?.requestCount ?? 0;
  }

  /** Makes the account of `peer`. */
  addPeer(peer: Key, { isPreferred }: PeerTraits): void {
    if (this.#accounts.has(peer)) return;
    if (isPreferred) this.#preferredCount += 1;
    this.#accounts.set(peer, {
      peer,
      isPreferred,
      announcements: new Map(),
      ready: new Set(),
      requestCount: 0,
      timeouts: 0,
    });
  }

  /** Forgets `peer` and all it announced; what it was asked for is asked of others. */
  removePeer(peer: Key): void {
    const account = this.#accounts.get(peer);
    if (account === undefined) return;
    this.#accounts.delete(peer);
    if (account.isPreferred) this.#preferredCount -= 1;
    for (const announcement of account.announcements.values()) this.#delete(announcement);
  }

  /**
   * `peer` says that it has `hash`, which we have not. False if it is one too many, or the peer has
   * no account. With `isUrgent` it is ready at once.
   */
  announce(
    peer: Key,
    hash: string,
    { isWtxid, now, isUrgent = false }: { isWtxid: boolean; now: number; isUrgent?: boolean },
  ): boolean {
    const account = this.#accounts.get(peer);
    if (account === undefined) return false;
    if (account.announcements.has(hash)) return true;
    if (account.announcements.size >= MAX_ANNOUNCEMENTS) return false;

    const mustWait = !account.isPreferred && !isUrgent && this.#preferredCount > 0;
    const announcement: Announcement<Key> = {
      account,
      hash,
      isWtxid,
      rank: this.#random.below(0x1_0000_0000),
      state: "delayed",
      at: now + INBOUND_DELAY_MS,
      heapIndex: -1,
    };
    account.announcements.set(hash, announcement);
    const wanted = this.#wanted.get(hash) ?? { announcements: [], requested: undefined };
    this.#wanted.set(hash, wanted);
    wanted.announcements.push(announcement);
    if (mustWait) this.#times.add(announcement);
    else this.#makeReady(announcement, wanted);
    return true;
  }

  /** True if `peer` was asked for `hash`, also if its time is up and nobody else has sent it. */
  wasRequested(peer: Key, hash: string): boolean {
    const state = this.#accounts.get(peer)?.announcements.get(hash)?.state;
    return state === "requested" || state === "done";
  }

  /** Whoever was to be asked for `hash` need not be: it is here, or not wanted any more. */
  forget(hash: string): void {
    const wanted = this.#wanted.get(hash);
    if (wanted === undefined) return;
    for (const announcement of [...wanted.announcements]) this.#delete(announcement);
  }

  /** `peer` has answered in time, with whatever it had. */
  noteAnswer(peer: Key): void {
    const account = this.#accounts.get(peer);
    if (account !== undefined) account.timeouts = 0;
  }

  /**
   * What `peer` gave for `hash` was of no use, or it has nothing: another one is asked. False if it
   * was not asked.
   */
  fail(peer: Key, hash: string): boolean {
    const announcement = this.#accounts.get(peer)?.announcements.get(hash);
    if (announcement === undefined) return false;
    if (announcement.state !== "requested") return announcement.state === "done";
    this.#finish(announcement);
    return true;
  }

  /**
   * Returns what is to be asked for at the moment `now`, and takes it as asked. `mayAsk` says whether
   * a peer may be asked for one thing more; it is called before each.
   */
  takeRequests(now: number, mayAsk: (peer: Key) => boolean): TrackedRequest<Key>[] {
    this.#passTime(now);
    const requests: TrackedRequest<Key>[] = [];
    const hasRoom = (account: Account<Key>) =>
      account.requestCount < MAX_REQUESTS && mayAsk(account.peer);
    for (const account of this.#accounts.values()) {
      while (account.ready.size > 0 && hasRoom(account)) {
        const [first] = account.ready;
        if (first === undefined) break;
        const best = this.#bestOf(first, hasRoom);
        this.#request(best, now);
        const { hash, isWtxid } = best;
        requests.push({ peer: best.account.peer, hash, isWtxid });
      }
    }
    return requests;
  }

  /** When something changes by itself next; undefined if nothing does. */
  nextChangeAt(): number | undefined {
    return this.#times.peek()?.at;
  }

  /** True if something could be asked for now, had its peers room. */
  get isWaiting(): boolean {
    for (const { ready } of this.#accounts.values()) if (ready.size > 0) return true;
    return false;
  }

  /** Makes ready what has waited, and gives up what was asked for too long ago. */
  #passTime(now: number): void {
    for (;;) {
      const next = this.#times.peek();
      if (next === undefined || next.at > now) return;
      if (next.state === "requested") {
        next.account.timeouts += 1;
        this.#finish(next);
        continue;
      }
      this.#times.remove(next);
      const wanted = this.#wanted.get(next.hash);
      if (wanted !== undefined) this.#makeReady(next, wanted);
    }
  }

  #makeReady(announcement: Announcement<Key>, { requested }: Wanted<Key>): void {
    announcement.state = requested === undefined ? "ready" : "parked";
    if (requested === undefined) announcement.account.ready.add(announcement);
  }

  /** The best of those who announced the same and can be asked; `first` can. */
  #bestOf(
    first: Announcement<Key>,
    hasRoom: (account: Account<Key>) => boolean,
  ): Announcement<Key> {
    let best = first;
    for (const other of this.#wanted.get(first.hash)?.announcements ?? []) {
      if (other.state === "ready" && isBetter(other, best) && hasRoom(other.account)) best = other;
    }
    return best;
  }

  #request(announcement: Announcement<Key>, now: number): void {
    const wanted = this.#wanted.get(announcement.hash);
    if (wanted === undefined) return;
    for (const other of wanted.announcements) {
      if (other.state !== "ready") continue;
      other.account.ready.delete(other);
      other.state = "parked";
    }
    wanted.requested = announcement;
    announcement.state = "requested";
    announcement.at = now + REQUEST_TIMEOUT_MS;
    announcement.account.requestCount += 1;
    this.#times.add(announcement);
  }

  /** Ends a request without success, and lets others be asked. */
  #finish(announcement: Announcement<Key>): void {
    this.#endRequest(announcement);
    announcement.state = "done";
    const announcements = this.#wanted.get(announcement.hash)?.announcements ?? [];
    // Nobody is left: should it be announced again, all begins anew.
    if (announcements.every(({ state }) => state === "done")) this.forget(announcement.hash);
  }

  #endRequest(announcement: Announcement<Key>): void {
    this.#times.remove(announcement);
    announcement.account.requestCount -= 1;
    const wanted = this.#wanted.get(announcement.hash);
    if (wanted === undefined) return;
    wanted.requested = undefined;
    for (const other of wanted.announcements) {
      if (other.state === "parked") this.#makeReady(other, wanted);
    }
  }

  #delete(announcement: Announcement<Key>): void {
    const { account, hash } = announcement;
    const wanted = this.#wanted.get(hash);
    account.announcements.delete(hash);
    account.ready.delete(announcement);
    const index = wanted?.announcements.indexOf(announcement) ?? -1;
    if (index >= 0) wanted?.announcements.splice(index, 1);
    if (announcement.state === "delayed") this.#times.remove(announcement);
    if (announcement.state === "requested") this.#endRequest(announcement);
    announcement.state = "done";
    if (wanted?.announcements.every(({ state }) => state === "done") !== true) return;
    this.#wanted.delete(hash);
    for (const other of wanted.announcements) other.account.announcements.delete(hash);
  }
}

/** True if `a` is to be asked before `b`. */
function isBetter<Key>(a: Announcement<Key>, b: Announcement<Key>): boolean {
  const isAGood = a.account.timeouts < MAX_TIMEOUTS;
  const isBGood = b.account.timeouts < MAX_TIMEOUTS;
  if (isAGood !== isBGood) return isAGood;
  if (a.account.isPreferred !== b.account.isPreferred) return a.account.isPreferred;
  return a.rank < b.rank;
}
