/**
 * Foes who mine: on a chain of their own, which they show when it suits them.
 *
 * The selfish one publishes as soon as the others come near, to waste their work. The one that
 * stretches time writes false times into its blocks, so that its blocks become easy: its chain is
 * higher soon, and has less work.
 */

import { earliestTime } from "../../src/consensus/check-header.ts";
import { nextBits } from "../../src/consensus/difficulty.ts";
import { subsidyAt } from "../../src/consensus/subsidy.ts";
import type { BlockHash } from "../../src/primitives/hash-id.ts";
import { makeTransaction } from "../../src/primitives/transaction.ts";
import type { LocatorMessage } from "../../src/wire/header-messages.ts";
import { MAX_HEADERS } from "../../src/wire/header-messages.ts";
import type { Message } from "../../src/wire/message.ts";
import { ANYONE_BY_WITNESS, coinbaseParts, mineHeader, rootOf } from "../support/chain-builder.ts";
import type { LedgerEntry } from "./block-ledger.ts";
import type { FoeLine } from "./foe-line.ts";
import type { Conduct, Foe } from "./foes.ts";

/** Blocks by which a secret chain may be behind before it is given up. */
const MOST_BEHIND = 12;

/** Seconds by which a block may be ahead of the clocks, short of what nodes refuse. */
const MOST_AHEAD = 3_000;

export class SecretMiner implements Conduct {
  readonly hashShare: number;
  readonly #foe: Foe;
  readonly #isStretching: boolean;
  #tip: LedgerEntry;
  /** The last block of its chain that others may see. */
  #shown: LedgerEntry;
  #salt = 0;

  constructor(foe: Foe, { share, isStretching }: { share: number; isStretching: boolean }) {
    this.#foe = foe;
    this.#isStretching = isStretching;
    this.hashShare = (foe.world.honestShare * share) / (1 - share);
    this.#tip = this.#foe.publicTip();
    this.#shown = this.#tip;
  }

  miningOn(): LedgerEntry {
    this.#follow();
    return this.#tip;
  }

  mine(): void {
    const { chain, world } = this.#foe;
    const { params } = chain;
    const parent = this.#tip;
    const height = parent.height + 1;
    this.#salt += 1;
    const output = { value: subsidyAt(height, params), scriptPubKey: ANYONE_BY_WITNESS };
    const salt = world.clock.eventsRun * 64 + this.#salt;
    const coinbase = makeTransaction(coinbaseParts(height, [output], salt));
    const now = Math.floor(world.clock.now() / 1_000);
    const spacing = params.retarget?.spacingSeconds ?? 0;
    const time = this.#isStretching ? Math.min(now + MOST_AHEAD, parent.time + 4 * spacing) : now;
    const header = {
      version: 0x20000000,
      prevBlockHash: parent.block.hash,
      merkleRoot: rootOf([coinbase]),
      time: Math.max(earliestTime(parent, params), time),
      bits: nextBits(parent, params),
      nonce: 0,
    };
    const block = mineHeader(header, [coinbase]);
    world.noteFound(block, this.#foe.name);
    this.#tip = world.ledger.get(block.hash);
    if (this.#isStretching) this.#show();
  }

  act(): void {
    this.#follow();
    const best = this.#foe.publicTip();
    const isNear = best.height >= this.#tip.height - 1 && best.work > this.#shown.work;
    if (!this.#isStretching && isNear && this.#tip !== this.#shown) this.#show();
  }

  received(line: FoeLine, message: Message): void {
    if (message.command === "getheaders") this.#sendHeaders(line, message);
    if (message.command !== "getdata") return;
    for (const { hash } of message.entries) {
      const block = this.#foe.world.ledger.find(hash)?.block;
      if (block !== undefined) line.send({ command: "block", block });
    }
  }

  /** Gives its own chain up when it is of no use any more. */
  #follow(): void {
    const best = this.#foe.publicTip();
    const isLost = this.#isStretching
      ? best.height > this.#tip.height + MOST_BEHIND
      : best.work > this.#tip.work;
    if (!isLost) return;
    this.#tip = best;
    this.#shown = best;
  }

  #show(): void {
    this.#shown = this.#tip;
    const headers = this.#foe.headersAfter(this.#shown, () => false).slice(-8);
    for (const line of this.#foe.lines()) line.send({ command: "headers", headers });
  }

  #sendHeaders(line: FoeLine, { locator }: LocatorMessage<"getheaders">): void {
    const known = new Set<BlockHash>(locator);
    const headers = this.#foe
      .headersAfter(this.#shown, (hash) => known.has(hash))
      .slice(0, MAX_HEADERS);
    line.send({ command: "headers", headers });
  }
}
