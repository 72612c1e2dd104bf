/**
 * Headers whose blocks we do not have: the chains that peers say are theirs, as far as they have
 * shown work for them.
 *
 * In memory alone and bounded: headers stay as long as a connected peer's chain needs them, and go
 * when their block is stored, or an ancestor turns out invalid. Nothing here asks anybody for
 * anything (header-sync.ts does), and nothing is stored before its body is valid (P-01).
 */

import { type BlockIndex, type BlockIndexEntry, isInvalid } from "../chain/block-index.ts";
import { checkHeader, checkProofOfWork } from "../consensus/check-header.ts";
import type { ConsensusParams } from "../consensus/params.ts";
import { isMutation, RuleError } from "../consensus/rule-error.ts";
import { workOfBits } from "../consensus/target.ts";
import { BoundedSet } from "../lib/bounded.ts";
import { type BlockHeader, hashHeader } from "../primitives/block-header.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import { HeaderEntries, type KnownHeader, type TreeHeader } from "./header-entries.ts";

/**
 * Headers of one peer's chain beyond its last stored block: more than two days of blocks, and some
 * 5 MB. A longer chain is followed as its blocks come in.
 */
export const MAX_HEADERS_AHEAD = 20_000;

/** Headers of all peers together: honest ones mostly share one chain. */
export const MAX_TREE_HEADERS = 60_000;

/** Hashes of headers remembered because their blocks are invalid. */
const MAX_INVALID_HASHES = 10_000;

/** What became of headers handed to `HeaderTree.accept`. Those before a fault are taken. */
export type HeadersVerdict =
  /** All belong to a chain that is known. `last`: the last one; undefined if there was none at all. */
  | {
      readonly status: "accepted";
      readonly last: KnownHeader | undefined;
      /** Headers that the tree did not have. */
      readonly newCount: number;
      /** Peers whose chain had to make room: theirs had the least work for its length. */
      readonly displaced: readonly number[];
    }
  /** The first follows a header that is not known: ask for those between. */
  | { readonly status: "unconnected"; readonly missingParent: BlockHash }
  /** One does not follow the one before it: no honest node sends that. */
  | { readonly status: "disordered" }
  /** `hash` breaks a rule, or descends from one that does. */
  | { readonly status: "invalid"; readonly hash: BlockHash; readonly error: RuleError }
  /** `hash` is too far ahead of our clock: to be asked for again, and nobody's fault. */
  | { readonly status: "later"; readonly hash: BlockHash }
  /**
   * The peer's chain is longer than is kept, or there is no room for one with so little work. `last`
   * is the last one that there was room for. Worth waiting for only if it has more work than our own chain.
   */
  | { readonly status: "too-many"; readonly last: KnownHeader };

/** A chain kept for a peer: its end, and the stored block that it began at. */
interface Hold {
  readonly tip: KnownHeader;
  readonly root: BlockIndexEntry;
}

/** The chain with the most work that a peer has shown, and the one that it showed last. */
interface PeerChains {
  best: Hold | undefined;
  last: Hold | undefined;
}

/** How far a batch of headers got. */
interface Progress {
  tip: KnownHeader | undefined;
  /** Headers of the tip's chain that are not stored; undefined until one was added. */
  depth: number | undefined;
  newCount: number;
  readonly displaced: number[];
}

type Fault = Exclude<HeadersVerdict, { status: "accepted" }>;

export class HeaderTree {
  readonly #index: Pick<BlockIndex, "find">;
  readonly #params: ConsensusParams;
  readonly #now: () => number;
  readonly #limits: { readonly ahead: number; readonly total: number };
  readonly #entries = new HeaderEntries();
  readonly #peers = new Map<number, PeerChains>();
  readonly #invalid = new BoundedSet<BlockHash>(MAX_INVALID_HASHES);

  /** `now` is in milliseconds since 1970. */
  constructor({
    index,
    params,
    now,
    limits = { ahead: MAX_HEADERS_AHEAD, total: MAX_TREE_HEADERS },
  }: {
    index: Pick<BlockIndex, "find">;
    params: ConsensusParams;
    now: () => number;
    limits?: { readonly ahead: number; readonly total: number };
  }) {
    this.#index = index;
    this.#params = params;
    this.#now = now;
    this.#limits = limits;
  }

  /** Headers held. */
  get size(): number {
    return this.#entries.size;
  }

  /** Peers of whose chains anything is known. */
  get peerCount(): number {
    return this.#peers.size;
  }

  /** The header `hash`, whether its block is stored or not. */
  find(hash: BlockHash): KnownHeader | undefined {
    return this.#index.find(hash) ?? this.#entries.find(hash);
  }

  /**
   * Takes headers that the peer `peer` sent as part of its chain, in order. Until `removePeer`, they
   * stay as long as they lead to the peer's best header or to the last that it sent.
   */
  accept(headers: readonly BlockHeader[], peer: number): HeadersVerdict {
    const progress: Progress = { tip: undefined, depth: undefined, newCount: 0, displaced: [] };
    let fault: Fault | undefined;
    for (const header of headers) {
      fault = this.#advance(header, progress, peer);
      if (fault !== undefined) break;
    }
    if (progress.tip !== undefined) this.#show(peer, progress.tip);
    const { tip: last, newCount, displaced } = progress;
    return fault ?? { status: "accepted", last, newCount, displaced };
  }

  /** The header with the most work that `peer` has shown; of equals the latest. */
  bestOf(peer: number): KnownHeader | undefined {
    const chains = this.#peers.get(peer);
    return (chains?.best ?? chains?.last)?.tip;
  }

  /** The header with the most work that any connected peer has shown. */
  best(): KnownHeader | undefined {
    let most: KnownHeader | undefined;
    for (const peer of this.#peers.keys()) {
      const best = this.bestOf(peer);
      if (best !== undefined && (most === undefined || best.chainwork > most.chainwork))
        most = best;
    }
    return most;
  }

  /** The first `limit` headers on the way to `tip` whose blocks are not stored, lowest first. */
  unstored(tip: KnownHeader, limit: number): TreeHeader[] {
    const missing: TreeHeader[] = [];
    let header = tip;
    while (this.#index.find(header.hash) === undefined) {
      const above = header as TreeHeader;
      missing.push(above);
      header = above.parent;
    }
    return missing.slice(-limit).reverse();
  }

  /** The block `hash` is in the index now; with it may be blocks that had waited for it. */
  stored(hash: BlockHash): void {
    const open = [hash];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const entry = this.#index.find(next);
      const left = this.#entries.find(next);
      if (entry === undefined || left === undefined) continue;
      open.push(...this.#entries.childrenOf(left).map((child) => child.hash));
      this.#entries.replace(entry);
      this.#forEachHold((hold) => (hold.tip === left ? { ...hold, tip: entry } : hold));
    }
  }

  /**
   * The block `hash` broke the rule of `error`: its header and all that follow it go, as does what
   * follows any other block that is known as invalid. Returns the peers whose chains those were.
   * What says nothing about the header, a mutated body or a clock, changes nothing (P-08).
   */
  reject(hash: BlockHash, error: RuleError): number[] {
    if (isMutation(error) || error.code === "time-too-new") return [];
    this.#invalid.add(hash);
    const roots = [...this.#entries.all()].filter(
      (entry) => entry.hash === hash || isKnownInvalid(entry.parent),
    );
    for (const root of roots) if (this.#entries.has(root)) this.#entries.removeBranch(root);
    return this.#forEachHold((hold) => {
      const { tip } = hold;
      const isGone = !this.#entries.has(tip) && this.#index.find(tip.hash) !== tip;
      return isGone || isKnownInvalid(tip) ? undefined : hold;
    });
  }

  /** The peer is gone, and with it what it alone has shown. */
  removePeer(peer: number): void {
    const chains = this.#peers.get(peer);
    if (chains === undefined) return;
    this.#peers.delete(peer);
    if (chains.best !== undefined) this.#entries.release(chains.best.tip);
    if (chains.last !== undefined) this.#entries.release(chains.last.tip);
  }

  /** Takes one header after those before it; returns what ended the batch, if anything did. */
  #advance(header: BlockHeader, progress: Progress, peer: number): Fault | undefined {
    const { tip } = progress;
    if (tip !== undefined && header.prevBlockHash !== tip.hash) return { status: "disordered" };

    const hash = hashHeader(header);
    const known = this.find(hash);
    if (known !== undefined) {
      if (isKnownInvalid(known)) return this.#knownInvalid(hash);
      progress.tip = known;
      progress.depth = undefined;
      return undefined;
    }
    return this.#check(hash, header) ?? this.#add(hash, header, progress, peer);
  }

  /** Judges a header that is not known: its work before anything else. */
  #check(hash: BlockHash, header: BlockHeader): Fault | undefined {
    const { prevBlockHash } = header;
    try {
      checkProofOfWork(hash, header.bits, this.#params);
      if (this.#invalid.has(hash)) return this.#knownInvalid(hash);
      const parent = this.find(prevBlockHash);
      if (this.#invalid.has(prevBlockHash) || (parent !== undefined && isKnownInvalid(parent))) {
        return this.#invalidParent(hash, prevBlockHash);
      }
      if (parent === undefined) return { status: "unconnected", missingParent: prevBlockHash };
      checkHeader(header, parent, Math.floor(this.#now() / 1000), this.#params);
      return undefined;
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      if (error.code === "time-too-new") return { status: "later", hash };
      return { status: "invalid", hash, error };
    }
  }

  #add(hash: BlockHash, header: BlockHeader, progress: Progress, peer: number): Fault | undefined {
    // Known, as the check has shown. From here on it is what this batch has reached.
    const parent = this.find(header.prevBlockHash) as KnownHeader;
    progress.tip = parent;
    progress.depth ??= this.#entries.depthOf(parent).depth;
    const isFull = this.#entries.size >= this.#limits.total;
    const hasRoom = !isFull || this.#makeRoom(parent, header.bits, progress, peer);
    if (progress.depth >= this.#limits.ahead || !hasRoom) {
      return { status: "too-many", last: parent };
    }
    progress.tip = this.#entries.add(hash, header, parent);
    progress.depth += 1;
    progress.newCount += 1;
    return undefined;
  }

  /** Lets go of chains that have less work for their length than `parent` and one child of it. */
  #makeRoom(parent: KnownHeader, bits: number, { displaced }: Progress, peer: number): boolean {
    const { root } = this.#entries.depthOf(parent);
    const own = densityOf({ tip: parent, root });
    own.work += workOfBits(bits);
    own.count += 1n;
    // Held meanwhile: another hold, about to be dropped, may be all that keeps it.
    this.#entries.hold(parent);
    this.#drop(peer, "last");
    while (this.#entries.size >= this.#limits.total) {
      const weakest = this.#findWeakest();
      if (weakest === undefined || !isWeaker(weakest.density, own)) break;
      this.#drop(weakest.peer, weakest.which);
      if (weakest.peer !== peer && !displaced.includes(weakest.peer)) displaced.push(weakest.peer);
    }
    // Held again when the batch ends: it, or a child of it, is what the batch has reached.
    this.#entries.unhold(parent);
    return this.#entries.size < this.#limits.total;
  }

  /** The chain held that has the least work for its length; of equals the longest. */
  #findWeakest(): WeakHold | undefined {
    let weakest: WeakHold | undefined;
    for (const [peer, chains] of this.#peers) {
      for (const which of ["best", "last"] as const) {
        const hold = chains[which];
        if (hold === undefined || !this.#entries.has(hold.tip)) continue;
        const density = densityOf(hold);
        if (weakest === undefined || isWeaker(density, weakest.density)) {
          weakest = { peer, which, density };
        }
      }
    }
    return weakest;
  }

  #drop(peer: number, which: keyof PeerChains): void {
    const chains = this.#peers.get(peer);
    const hold = chains?.[which];
    if (chains === undefined || hold === undefined) return;
    chains[which] = undefined;
    this.#entries.release(hold.tip);
  }

  /** Notes that the chain of `peer` goes to `tip`. */
  #show(peer: number, tip: KnownHeader): void {
    const chains: PeerChains = this.#peers.get(peer) ?? { best: undefined, last: undefined };
    this.#peers.set(peer, chains);
    const hold = { tip, root: this.#entries.depthOf(tip).root };
    const { best, last } = chains;
    // The new one first, or what both need would go.
    this.#entries.hold(tip);
    chains.last = hold;
    if (last !== undefined) this.#entries.release(last.tip);
    if (best !== undefined && best.tip.chainwork > tip.chainwork) return;
    this.#entries.hold(tip);
    chains.best = hold;
    if (best !== undefined) this.#entries.release(best.tip);
  }

  /** Replaces every hold by what `change` makes of it; returns the peers that lost one. */
  #forEachHold(change: (hold: Hold) => Hold | undefined): number[] {
    const losers: number[] = [];
    for (const [peer, chains] of this.#peers) {
      const { best, last } = chains;
      chains.best = best && change(best);
      chains.last = last && change(last);
      const hasLost = chains.best !== best && chains.best === undefined;
      if (hasLost || (chains.last !== last && chains.last === undefined)) losers.push(peer);
      if (chains.best === undefined && chains.last !== undefined) {
        chains.best = chains.last;
        this.#entries.hold(chains.best.tip);
      }
    }
    return losers;
  }

  #knownInvalid(hash: BlockHash): Fault {
    const error = new RuleError("duplicate-invalid", `block ${hash} was found invalid before`, {
      hash,
    });
    return { status: "invalid", hash, error };
  }

  /** Remembered too, so that a long chain need not be known to its root. */
  #invalidParent(hash: BlockHash, parent: BlockHash): Fault {
    this.#invalid.add(hash);
    const error = new RuleError("bad-prevblk", `its parent ${parent} is invalid`, { parent });
    return { status: "invalid", hash, error };
  }
}

/** The last header that two chains have in common. */
export function commonAncestor(a: KnownHeader, b: KnownHeader): KnownHeader {
  let left = a;
  let right = b;
  // By hash: a header and the block that has since been stored for it are one.
  while (left.hash !== right.hash) {
    const isLeftAbove = left.height >= right.height;
    const next = isLeftAbove ? left.parent : right.parent;
    if (next === undefined) throw new Error("chains without a common genesis");
    if (isLeftAbove) left = next;
    else right = next;
  }
  return left;
}

/** Work of a chain, and the headers that it took. */
interface Density {
  work: bigint;
  count: bigint;
}

interface WeakHold {
  readonly peer: number;
  readonly which: keyof PeerChains;
  readonly density: Density;
}

function densityOf({ tip, root }: Hold): Density {
  return { work: tip.chainwork - root.chainwork, count: BigInt(tip.height - root.height) };
}

/** True if `a` has less work for each of its headers, or as much and more headers. */
function isWeaker(a: Density, b: Density): boolean {
  const difference = a.work * b.count - b.work * a.count;
  return difference < 0n || (difference === 0n && a.count > b.count);
}

function isKnownInvalid(header: KnownHeader): boolean {
  return "status" in header && isInvalid(header);
}
