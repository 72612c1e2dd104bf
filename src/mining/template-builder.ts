/**
 * Builds the template of the next block: the chain's demands, and the mempool's best paying choice.
 *
 * A template that our own rules would refuse is never handed out: it is tried first, and made
 * without transactions if the choice was wrong.
 */

import type { BlockIndexEntry } from "../chain/block-index.ts";
import { earliestTime } from "../consensus/check-header.ts";
import { medianTimePast, nextBits } from "../consensus/difficulty.ts";
import type { Network } from "../consensus/params.ts";
import { RuleError } from "../consensus/rule-error.ts";
import { subsidyAt } from "../consensus/subsidy.ts";
import type { Logger } from "../lib/logger.ts";
import type { Block } from "../primitives/block.ts";
import type { Transaction } from "../primitives/transaction.ts";
import {
  type BlockTemplate,
  completeTemplate,
  makeCandidate,
  makeMinedBlock,
  RESERVED_SIGOP_COST,
  RESERVED_WEIGHT,
  TEMPLATE_VERSION,
} from "./block-template.ts";

/** What the builder needs of the chain. */
export interface TemplateChain {
  readonly network: Network;
  readonly tip: BlockIndexEntry;
  /** Throws RuleError unless the block would be valid next, its proof of work aside. */
  checkNextBlock(block: Block): void;
}

/** Limits within which transactions are chosen. */
export interface SelectionLimits {
  readonly maxWeight: number;
  readonly maxSigopCost: number;
  readonly height: number;
  readonly medianTimePast: number;
}

/** Transactions in a valid order, and the sats they pay. */
export interface Selection {
  readonly transactions: readonly Transaction[];
  readonly totalFees: number;
}

/** Chooses transactions for a block. */
export type SelectTransactions = (limits: SelectionLimits) => Selection;

const EMPTY_SELECTION: Selection = { transactions: [], totalFees: 0 };

export class TemplateBuilder {
  readonly #chain: TemplateChain;
  readonly #select: SelectTransactions;
  readonly #now: () => number;
  readonly #log: Logger;

  /** `now` is in milliseconds. */
  constructor({
    chain,
    select,
    now,
    log,
  }: {
    chain: TemplateChain;
    select: SelectTransactions;
    now: () => number;
    log: Logger;
  }) {
    this.#chain = chain;
    this.#select = select;
    this.#now = now;
    this.#log = log;
  }

  /** Returns the template of the block after the tip. */
  build(): BlockTemplate {
    const { tip, network } = this.#chain;
    const { maxBlockWeight, maxBlockSigopCost } = network.params;
    const selection = this.#select({
      maxWeight: maxBlockWeight - RESERVED_WEIGHT,
      maxSigopCost: maxBlockSigopCost - RESERVED_SIGOP_COST,
      height: tip.height + 1,
      medianTimePast: medianTimePast(tip),
    });
    const template = this.#assemble(selection);
    return this.#isValid(template) ? template : this.#assemble(EMPTY_SELECTION);
  }

  #assemble({ transactions, totalFees }: Selection): BlockTemplate {
    const { tip, network } = this.#chain;
    const height = tip.height + 1;
    const minTime = earliestTime(tip, network.params);
    return completeTemplate({
      previousHash: tip.hash,
      height,
      version: TEMPLATE_VERSION,
      bits: nextBits(tip, network.params),
      time: Math.max(minTime, Math.floor(this.#now() / 1000)),
      minTime,
      coinbaseValue: subsidyAt(height, network.params) + totalFees,
      transactions,
      totalFees,
    });
  }

  #isValid(template: BlockTemplate): boolean {
    if (template.transactions.length === 0) return true;
    const probe = { payoutScript: Uint8Array.of(0x51), tag: "", stream: "", extranonce: 0 };
    try {
      this.#chain.checkNextBlock(makeMinedBlock(makeCandidate(template, probe), 0));
      return true;
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      // Blocks came faster than time goes by: nobody can mine yet, whatever the transactions are.
      if (error.code === "time-too-new") return false;
      // Our mempool holds something no block may: a bug, but no reason to stop mining.
      this.#log.error("template refused by our own rules", { code: error.code, ...error.facts });
      return false;
    }
  }
}
