/**
 * Shapes of mining: state, demands, templates for other miners, and what they hand in.
 *
 * Shapes only. The template's is a contract with `cairn mine`.
 */

import { type Static, Type } from "@sinclair/typebox";
import {
  Amount,
  Bits,
  Count,
  exact,
  Hash,
  Hex,
  oneOf,
  orNull,
  Seconds,
  Target,
} from "./schemas.ts";

/** Most blocks of one demand. */
export const MAX_BLOCKS_PER_DEMAND = 1_000;

export const MineRequest = exact({
  blocks: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_BLOCKS_PER_DEMAND, default: 1 })),
  address: Type.Optional(
    Type.String({ maxLength: 120, description: "Who is paid; the node's own address if absent." }),
  ),
});

export const MineResult = exact({
  hashes: Type.Array(Hash),
  blocks: Type.Array(exact({ hash: Hash, height: Count })),
});

const Stream = exact({
  name: Type.String(),
  hashrate: Type.Number({ description: "Hashes a second." }),
  totalHashes: Count,
  blocksFound: Count,
  earned: Amount,
  working: Type.Boolean(),
});

export const MiningState = exact(
  {
    running: Type.Boolean(),
    threads: Count,
    address: orNull(Type.String()),
    hashrate: Type.Number(),
    blocksFound: Count,
    retargetBlocks: orNull(
      Type.Integer({
        minimum: 1,
        description:
          "The difficulty changes at each multiple of this height; null if it never does.",
      }),
    ),
    streams: Type.Array(Stream),
    miners: Type.Array(
      exact({
        tag: Type.String(),
        address: orNull(Type.String()),
        blocks: Count,
        share: Type.Number(),
        earned: Amount,
      }),
      { description: "Who mined the last blocks, by what their coinbases say." },
    ),
  },
  { title: "Mining" },
);
export type MiningStateView = Static<typeof MiningState>;

export const StartMiningRequest = exact({
  threads: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
});

export const Template = exact(
  {
    id: Type.String({ description: "Changes whenever there is something new to mine." }),
    previousHash: Hash,
    height: Count,
    version: Type.Integer(),
    bits: Bits,
    target: Target,
    time: Seconds,
    minTime: Seconds,
    coinbaseValue: Amount,
    totalFees: Amount,
    commitment: Type.String({
      pattern: "^[0-9a-f]{64}$",
      description: "BIP-0141 commitment for a witness nonce of zeros, bytes in order.",
    }),
    merkleBranch: Type.Array(Hex, {
      description: "From the coinbase's place to the root: bytes in order, not reversed.",
    }),
    transactions: Type.Array(exact({ txid: Hash, fee: orNull(Amount), hex: Hex })),
  },
  { title: "Template" },
);
export type TemplateView = Static<typeof Template>;

export const SubmitBlockRequest = exact({ hex: Type.String() });

export const BlockVerdictView = exact(
  {
    status: oneOf(["connected", "side-branch", "duplicate", "orphan"]),
    hash: Hash,
    height: orNull(Count),
    missingParent: orNull(Hash),
  },
  { title: "BlockVerdict" },
);
export type BlockVerdictViewType = Static<typeof BlockVerdictView>;
