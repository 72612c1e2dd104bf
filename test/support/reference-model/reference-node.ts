/**
 * The reference model: a node that takes blocks as bytes, slow and obvious, written from the
 * specification. Where that is silent (what is kept of orphans and of refused bodies, and when) it
 * has been told what the product does.
 *
 * It shares nothing with `src/`, not even a type. Its chain is the one with the most work, and of
 * equals the first seen; after every other change of branch its coins are made again from genesis.
 */
import { type Block, parseBlock } from "./block-format.ts";
import {
  type Ancestors,
  apply,
  type Coin,
  type Coins,
  checkBody,
  checkBodyInContext,
  checkHeaderInContext,
  checkWork,
  connect,
  describeCoins,
  Invalid,
  workOf,
} from "./block-rules.ts";
import { Malformed, sha256, toHex } from "./bytes.ts";
import type { ReferenceParameters } from "./parameters.ts";

/** What became of a block. `rule` is Bitcoin Core's reject reason. */
export interface ReferenceVerdict {
  readonly status: "connected" | "side-branch" | "invalid" | "orphan" | "duplicate";
  readonly rule?: string;
}

interface Entry {
  readonly block: Block;
  readonly parent: Entry | undefined;
  readonly height: number;
  /** Of this block and all before it. */
  readonly work: bigint;
  /** Its coins were once made; whether they can be depends on nothing but its ancestors. */
  isVerified: boolean;
  /** The rule that it, or a block before it, breaks. */
  brokenRule?: string;
}

/** A node on one network, from its genesis block. */
export class ReferenceNode {
  private readonly entries = new Map<string, Entry>();
  private readonly orphans = new Map<string, Block>();
  /** Hashes of blocks whose bodies, or whose parents, are invalid. */
  private readonly rejected = new Set<string>();
  private readonly params: ReferenceParameters;
  private tip: Entry;
  private currentCoins: Coins = new Map();

  constructor(params: ReferenceParameters, genesis: Uint8Array) {
    const block = parseBlock(genesis);
    this.params = params;
    // Genesis obeys no rule, and its outputs are no coins.
    const work = workOf(block.header.bits);
    this.tip = { block, parent: undefined, height: 0, work, isVerified: true };
    this.entries.set(block.header.hash, this.tip);
  }

  /** The hash of the chain's last block, in the order of its bytes. */
  get tipHash(): string {
    return this.tip.block.header.hash;
  }

  /** How many blocks the chain has after genesis. */
  get height(): number {
    return this.tip.height;
  }

  /** The unspent outputs at the tip. */
  get coins(): ReadonlyMap<string, Coin> {
    return this.currentCoins;
  }

  /** SHA-256 of `describeCoins`, in hexadecimal. */
  coinDigest(): string {
    return toHex(sha256(new TextEncoder().encode(describeCoins(this.currentCoins))));
  }

  /** Takes a block. Orphans that waited for it come in after it. */
  submit(bytes: Uint8Array, now: number): ReferenceVerdict {
    let block: Block;
    try {
      block = parseBlock(bytes);
    } catch (error) {
      if (error instanceof Malformed) return { status: "invalid", rule: "malformed" };
      throw error;
    }
    const verdict = this.take(block, now);
    const waiting = [block.header.hash];
    for (let hash = waiting.shift(); hash !== undefined; hash = waiting.shift()) {
      for (const orphan of this.orphans.values()) {
        if (orphan.header.parentHash !== hash || !this.isSettled(hash)) continue;
        this.orphans.delete(orphan.header.hash);
        this.take(orphan, now);
        waiting.push(orphan.header.hash);
      }
    }
    return verdict;
  }

  private take(block: Block, now: number): ReferenceVerdict {
    const { header } = block;
    const known = this.entries.get(header.hash);
    if (known?.brokenRule !== undefined || this.rejected.has(header.hash)) {
      return { status: "invalid", rule: "duplicate-invalid" };
    }
    if (known !== undefined || this.orphans.has(header.hash)) return { status: "duplicate" };
    try {
      checkWork(header, this.params);
      const parent = this.entries.get(header.parentHash);
      if (parent?.brokenRule !== undefined || this.rejected.has(header.parentHash)) {
        this.rejected.add(header.hash);
        throw new Invalid("bad-prevblk");
      }
      if (parent === undefined) {
        this.judgeBody(block, undefined);
        this.orphans.set(header.hash, block);
        return { status: "orphan" };
      }
      const ancestors = this.headersTo(parent);
      checkHeaderInContext(header, ancestors, now, this.params);
      this.judgeBody(block, ancestors);

      const height = parent.height + 1;
      const work = parent.work + workOf(header.bits);
      const entry: Entry = { block, parent, height, work, isVerified: false };
      this.entries.set(header.hash, entry);
      this.activate();
      if (entry.brokenRule !== undefined) throw new Invalid(entry.brokenRule);
      return { status: this.chainTo(this.tip).includes(entry) ? "connected" : "side-branch" };
    } catch (error) {
      if (error instanceof Invalid) return { status: "invalid", rule: error.rule };
      throw error;
    }
  }

  /** Checks all but coins. What a mutated body breaks is not held against the header's hash. */
  private judgeBody(block: Block, ancestors: Ancestors | undefined): void {
    try {
      checkBody(block, this.params);
      if (ancestors !== undefined) checkBodyInContext(block, ancestors, this.params);
    } catch (error) {
      if (error instanceof Invalid && !error.isMutation) this.rejected.add(block.header.hash);
      throw error;
    }
  }

  /** Whether it is known what to think of the children of a block. */
  private isSettled(hash: string): boolean {
    return this.entries.has(hash) || this.rejected.has(hash);
  }

  /** Makes the best chain the current one, marking those that turn out invalid on the way. */
  private activate(): void {
    for (;;) {
      const best = this.findBest();
      if (best === this.tip) return;
      const path = this.chainTo(best);
      if (this.tip !== best.parent)
        this.currentCoins = replay(path.filter((step) => step.isVerified));
      try {
        for (const entry of path.filter((step) => !step.isVerified)) this.verify(entry);
        this.tip = best;
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        this.currentCoins = replay(this.chainTo(this.tip));
      }
    }
  }

  /** The most work, and of equals the first seen, among those that are not known to be invalid. */
  private findBest(): Entry {
    let best = this.tip;
    for (const entry of this.entries.values()) {
      if (entry.brokenRule === undefined && entry.work > best.work) best = entry;
    }
    return best;
  }

  private verify(entry: Entry): void {
    const ancestors = this.headersTo(entry.parent);
    try {
      this.currentCoins = connect(entry.block, ancestors, this.currentCoins, this.params);
      entry.isVerified = true;
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      entry.brokenRule = error.rule;
      for (const later of this.entries.values()) {
        if (later !== entry && this.chainTo(later).includes(entry)) later.brokenRule = error.rule;
      }
      throw error;
    }
  }

  /** From genesis to an entry. */
  private chainTo(entry: Entry | undefined): Entry[] {
    const path: Entry[] = [];
    for (let step = entry; step !== undefined; step = step.parent) path.push(step);
    return path.reverse();
  }

  private headersTo(entry: Entry | undefined) {
    return this.chainTo(entry).map(({ block }) => block.header);
  }
}

/** The coins of a chain that was verified before. */
function replay(chain: readonly Entry[]): Coins {
  const coins: Coins = new Map();
  for (const { block, height } of chain) {
    if (height === 0) continue;
    for (const transaction of block.transactions) apply(transaction, height, coins);
  }
  return coins;
}
