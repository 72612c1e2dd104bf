/**
 * Shapes of transactions: as shown, as submitted, and what became of them.
 *
 * Shapes only; the names in a submission are those of the API's JSON format.
 */

import { type Static, Type } from "@sinclair/typebox";
import {
  Amount,
  Count,
  Cursor,
  exact,
  Feerate,
  Hash,
  HashInput,
  Hex,
  HexInput,
  MAX_LIST_LIMIT,
  Milliseconds,
  oneOf,
  orNull,
} from "./schemas.ts";
import { Propagation } from "./stats-schemas.ts";

/** Most transactions of one batch. */
export const MAX_BATCH = 1_000;

/** Most inputs or outputs of a transaction given as JSON. */
const MAX_PARTS = 1_000;

/** Longest hex of one item: what fits an ordinary body. */
const MAX_HEX_LENGTH = 215_040;

const U32_MAX = 0xffffffff;

const InputView = exact({
  txid: orNull(Hash),
  vout: orNull(Count),
  address: orNull(Type.String()),
  amount: orNull(Amount),
  sequence: Count,
  scriptSig: Hex,
  witness: Type.Array(Hex),
});

const OutputView = exact({
  index: Count,
  address: orNull(Type.String()),
  amount: Amount,
  script: Hex,
  type: Type.String({ description: "Kind of script, as Bitcoin Core names it." }),
  spentBy: orNull(exact({ txid: Hash, input: Count, status: oneOf(["mempool", "confirmed"]) })),
});

export const TransactionView = exact(
  {
    txid: Hash,
    wtxid: Hash,
    version: Type.Integer(),
    lockTime: Count,
    size: Count,
    virtualSize: Count,
    weight: Count,
    fee: orNull(Amount),
    feerate: orNull(Feerate),
    coinbase: Type.Boolean(),
    status: oneOf(["mempool", "confirmed", "abandoned"]),
    confirmations: Count,
    blockHash: orNull(Hash),
    blockHeight: orNull(Count),
    timestamp: Type.Integer({
      minimum: 0,
      description: "When this node first saw it, or its block: milliseconds since 1970.",
    }),
    propagation: orNull(Propagation),
    inputs: Type.Array(InputView),
    outputs: Type.Array(OutputView),
    hex: Hex,
  },
  { title: "Transaction" },
);
export type TransactionViewType = Static<typeof TransactionView>;
export type InputViewType = Static<typeof InputView>;
export type OutputViewType = Static<typeof OutputView>;

export const MempoolTransaction = exact(
  {
    txid: Hash,
    wtxid: Hash,
    fee: Amount,
    feerate: Feerate,
    virtualSize: Count,
    weight: Count,
    inputCount: Count,
    outputCount: Count,
    outputAmount: Amount,
    timestamp: Milliseconds,
    ancestorCount: Count,
    descendantCount: Count,
  },
  { title: "MempoolTransaction" },
);
export type MempoolTransactionView = Static<typeof MempoolTransaction>;

export const MempoolPage = exact({
  count: Count,
  transactions: Type.Array(MempoolTransaction),
  cursor: Cursor,
});

export const RankedTransaction = exact(
  {
    ...MempoolTransaction.properties,
    block: orNull(
      Type.Integer({
        minimum: 1,
        description: "Which of the next blocks would hold it, 1 the first; null if none of those.",
      }),
    ),
  },
  { title: "RankedTransaction" },
);
export type RankedTransactionView = Static<typeof RankedTransaction>;

export const RankedPage = exact({
  count: Count,
  transactions: Type.Array(RankedTransaction),
  cursor: Cursor,
});

export const WaitingFamily = exact(
  {
    transaction: RankedTransaction,
    ancestors: Type.Array(RankedTransaction, {
      description: `What must be confirmed before it, oldest first, at most ${MAX_LIST_LIMIT}.`,
    }),
    descendants: Type.Array(RankedTransaction, {
      description: `What spends it, oldest first, at most ${MAX_LIST_LIMIT}.`,
    }),
  },
  { title: "WaitingFamily" },
);
export type WaitingFamilyView = Static<typeof WaitingFamily>;

export const RawTransaction = exact({ txid: Hash, hex: Hex });

export const MerkleProof = exact(
  {
    txid: Hash,
    blockHash: Hash,
    blockHeight: Count,
    position: Type.Integer({ minimum: 0, description: "Of the transaction in its block." }),
    transactionCount: Type.Integer({
      minimum: 1,
      description: "Fixes the depth of the tree, so that an inner node cannot pass for a leaf.",
    }),
    merkleRoot: Hash,
    siblings: Type.Array(Hash, {
      description: "From the transaction's level up, shown reversed like every hash.",
    }),
  },
  { title: "MerkleProof" },
);
export type MerkleProofView = Static<typeof MerkleProof>;

/** A transaction as encoded bytes. */
export const HexSubmission = exact({ hex: Type.String({ maxLength: MAX_HEX_LENGTH }) });

const SubmittedInput = exact({
  tx_id: HashInput,
  output_index: Type.Integer({ minimum: 0, maximum: U32_MAX }),
  public_key: Type.Optional(Type.String({ description: "33 bytes, compressed." })),
  signature: Type.Optional(
    Type.String({ description: "64 bytes compact, or DER; SIGHASH_ALL. With public_key." }),
  ),
  script_sig: Type.Optional(HexInput),
  witness: Type.Optional(Type.Array(HexInput, { maxItems: MAX_PARTS })),
  sequence: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: U32_MAX,
      default: U32_MAX,
      description: "Final if absent.",
    }),
  ),
});

const SubmittedOutput = exact({
  address: Type.Optional(Type.String({ maxLength: 120 })),
  script: Type.Optional(HexInput),
  amount: Amount,
});

/** A transaction as JSON. */
export const JsonSubmission = exact(
  {
    id: Type.Optional(HashInput),
    version: Type.Optional(Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1, default: 2 })),
    inputs: Type.Array(SubmittedInput, { minItems: 1, maxItems: MAX_PARTS }),
    outputs: Type.Array(SubmittedOutput, { minItems: 1, maxItems: MAX_PARTS }),
    lock_time: Type.Optional(Type.Integer({ minimum: 0, maximum: U32_MAX, default: 0 })),
    timestamp: Type.Optional(Type.Number({ description: "Not part of the transaction; ignored." })),
  },
  { title: "TransactionSubmission" },
);
export type JsonSubmissionType = Static<typeof JsonSubmission>;
export type SubmittedInputType = Static<typeof SubmittedInput>;
export type SubmittedOutputType = Static<typeof SubmittedOutput>;

/** What POST /api/transactions takes. */
export const Submission = Type.Union([HexSubmission, JsonSubmission]);

/** What POST /api/transactions/batch takes; each item is hex, or as for one transaction. */
export const BatchSubmission = exact({
  transactions: Type.Array(Type.Union([Type.String(), Type.Object({})]), {
    minItems: 1,
    maxItems: MAX_BATCH,
    description: "Each as hex text, {hex}, or JSON; parents before children.",
  }),
});

export const SubmissionResult = exact(
  {
    txid: Hash,
    wtxid: Hash,
    status: oneOf(["accepted", "duplicate"]),
    fee: orNull(Amount),
    virtualSize: Count,
    feerate: orNull(Feerate),
    replaced: Type.Array(Hash),
  },
  { title: "SubmissionResult" },
);
export type SubmissionResultView = Static<typeof SubmissionResult>;

export const TransactionVerdict = exact(
  {
    accepted: Type.Boolean({ description: "True also if it was there already." }),
    status: oneOf(["accepted", "duplicate", "rejected"]),
    txid: orNull(Hash),
    wtxid: orNull(Hash),
    fee: orNull(Amount),
    virtualSize: orNull(Count),
    feerate: orNull(Feerate),
    replaced: Type.Array(Hash),
    code: Type.Optional(Type.String({ description: "The rule, if it was refused." })),
    detail: Type.Optional(Type.String()),
    hint: Type.Optional(Type.String()),
    facts: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]), {
        description: "What was compared.",
      }),
    ),
  },
  { title: "TransactionVerdict" },
);
export type TransactionVerdictView = Static<typeof TransactionVerdict>;

export const BatchResult = exact({
  accepted: Count,
  rejected: Count,
  verdicts: Type.Array(TransactionVerdict),
});

const ProjectedBlock = exact({
  count: Count,
  weight: Count,
  fees: Amount,
  minFeerate: Type.Number({
    minimum: 0,
    description: "The least of what is chosen together, sats per virtual byte.",
  }),
});

export const MempoolSummary = exact(
  {
    count: Count,
    bytes: Type.Integer({ minimum: 0, description: "Memory, overhead included." }),
    minFeerate: Feerate,
    histogram: Type.Array(
      exact({
        feerate: Type.Number({ description: "From here on, sats per virtual byte." }),
        count: Count,
        virtualSize: Count,
        fees: Amount,
      }),
    ),
    nextBlock: ProjectedBlock,
    blocks: Type.Array(ProjectedBlock, {
      description: "The next blocks if nothing came in between, at most six, none that is empty.",
    }),
    maxBlockWeight: Count,
  },
  { title: "Mempool" },
);
export type MempoolSummaryView = Static<typeof MempoolSummary>;

export const FeeEstimates = exact(
  {
    unit: Type.Literal("sat/vB"),
    minFeerate: Feerate,
    estimates: Type.Array(exact({ blocks: Count, feerate: Feerate })),
  },
  { title: "FeeEstimates" },
);
