/**
 * Which script rules Bitcoin's networks had at a height: the blocks from which each soft fork holds,
 * as Bitcoin Core has them in its chain parameters.
 *
 * For real blocks only: on our networks all of them hold from block 1 (MANDATORY_FLAGS).
 */

import { ScriptFlag, type ScriptFlags } from "../../src/script/flags.ts";

/** A network of Bitcoin's. */
export type BitcoinNetwork = "main" | "testnet3";

/** First height at which a rule holds. P2SH came by time; its height is that of the first block. */
const ACTIVATION_HEIGHTS: Record<BitcoinNetwork, readonly (readonly [number, ScriptFlags])[]> = {
  main: [
    [173_805, ScriptFlag.P2SH],
    [363_725, ScriptFlag.DERSIG],
    [388_381, ScriptFlag.CHECKLOCKTIMEVERIFY],
    [419_328, ScriptFlag.CHECKSEQUENCEVERIFY],
    [481_824, ScriptFlag.WITNESS | ScriptFlag.NULLDUMMY],
    [709_632, ScriptFlag.TAPROOT],
  ],
  // Bitcoin Core holds P2SH against all of its blocks but one. No block here is as high as Taproot.
  testnet3: [
    [0, ScriptFlag.P2SH],
    [330_776, ScriptFlag.DERSIG],
    [581_885, ScriptFlag.CHECKLOCKTIMEVERIFY],
    [770_112, ScriptFlag.CHECKSEQUENCEVERIFY],
    [834_624, ScriptFlag.WITNESS | ScriptFlag.NULLDUMMY],
  ],
};

/** Returns the rules that hold for the transactions of the block at `height`. */
export function flagsAt(network: BitcoinNetwork, height: number): ScriptFlags {
  return ACTIVATION_HEIGHTS[network]
    .filter(([from]) => height >= from)
    .reduce((flags, [, flag]) => flags | flag, 0);
}
