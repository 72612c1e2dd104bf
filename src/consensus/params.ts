/**
 * What may differ from network to network, as data.
 *
 * Rules read these; nothing else may ask which network it is on.
 */

import type { AddressPrefixes } from "../primitives/address.ts";
import type { Block } from "../primitives/block.ts";

/** How the target follows the hash rate. */
export interface RetargetParams {
  /** Blocks between two changes of the target. */
  readonly interval: number;
  /** Seconds that a block should take. */
  readonly spacingSeconds: number;
  /** Seconds by which the first block of a period may precede the one before it (BIP-0054). */
  readonly timewarpGraceSeconds: number;
}

/** The numbers that block and transaction rules compare with. */
export interface ConsensusParams {
  /** The easiest target allowed. */
  readonly powLimit: bigint;
  /** Undefined where the target never changes. */
  readonly retarget: RetargetParams | undefined;
  /** Sats minted by a block before the first halving. */
  readonly subsidy: number;
  readonly halvingInterval: number;
  /** Sats; below 2^53 on every network. */
  readonly maxMoney: number;
  /** Blocks that must follow a coinbase before it may be spent, counting its own. */
  readonly coinbaseMaturity: number;
  readonly maxBlockWeight: number;
  readonly maxBlockSigopCost: number;
  /** Seconds a block's time may be ahead of our clock. */
  readonly maxFutureSeconds: number;
  /** Least bytes of a transaction without its witness (CVE-2017-12842); 0 where there is no rule. */
  readonly minTransactionSize: number;
  /** Most legacy signature operations of a transaction (BIP-0054); undefined: no rule. */
  readonly maxTransactionLegacySigops: number | undefined;
}

/** A network: its rules, its first block, and what keeps it apart from others. */
export interface Network {
  /** "cairn", "regtest", or the name of a chain of its own under cairn's rules. */
  readonly name: string;
  readonly params: ConsensusParams;
  readonly genesis: Block;
  /** First 4 bytes of every peer-to-peer message. */
  readonly magic: Uint8Array;
  readonly addressPrefixes: AddressPrefixes;
  readonly p2pPort: number;
  /** True where keys are published and blocks come at once: nothing here has any worth. */
  readonly isDevelopment: boolean;
}
