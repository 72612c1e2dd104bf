/**
 * Routes of transactions: the mempool, submitting, one transaction and its proof.
 *
 * Handlers only put parts together; whether a transaction is good is the mempool's to say.
 */

import { Type } from "@sinclair/typebox";
import { locateTransaction } from "../index/locate-transaction.ts";
import { toHex } from "../lib/bytes.ts";
import type { JsonValue } from "../lib/json.ts";
import { parseCursor } from "../lib/paging.ts";
import type { MempoolVerdict } from "../mempool/mempool.ts";
import type { MempoolEntry } from "../mempool/mempool-entry.ts";
import { hashToId, idToHash, type Txid } from "../primitives/hash-id.ts";
import { merkleProof } from "../primitives/merkle.ts";
import { encodeTransaction, type Transaction } from "../primitives/transaction.ts";
import { type ApiContext, indexCaughtUp, parseTxid } from "./api-context.ts";
import { describe } from "./operation.ts";
import { parseSubmission, type SubmissionContext } from "./parse-submission.ts";
import { ApiError, problemOf } from "./problem.ts";
import { inputOf, readBody, readQuery } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { NoQuery, PageQuery } from "./schemas.ts";
import {
  BatchResult,
  BatchSubmission,
  FeeEstimates,
  MempoolPage,
  MempoolSummary,
  MerkleProof,
  type MerkleProofView,
  RankedPage,
  RawTransaction,
  Submission,
  SubmissionResult,
  TransactionVerdict,
  type TransactionVerdictView,
  TransactionView,
  WaitingFamily,
} from "./transaction-schemas.ts";
import { MempoolViewer } from "./view-mempool.ts";
import { viewLocated } from "./view-transaction.ts";
import { viewSubmission, viewUnreadable, viewVerdict } from "./view-verdict.ts";
import { EXAMPLE_TXID } from "./wallet-examples.ts";

const OF_TRANSACTION = {
  path: { txid: "64 hexadecimal digits." },
  // The one that every development chain begins with.
  pathExamples: { txid: "f95f79ac36271725a595e2202b1c1896651b91438e9a3927e0e53fd13f776f64" },
};

/** Any JSON: what it stands for is told by parse-submission.ts, whose errors name the field. */
const AnyBody = Type.Any();

export function transactionRoutes(context: ApiContext) {
  const { node } = context;
  const viewer = new MempoolViewer({ mempool: node.mempool, params: node.network.params });
  return createRouter("transactions")
    .get(
      "/api/transactions",
      ({ request }) => {
        const { limit, cursor } = readQuery(request, PageQuery);
        const [before = 0] = parseCursor(cursor, [Number.MAX_SAFE_INTEGER]);
        const { rows, next } = viewer.list(limit, before);
        return { count: node.mempool.count, transactions: rows, cursor: next };
      },
      LIST,
    )
    .post("/api/transactions", ({ request }) => submit(context, request), SUBMIT)
    .post("/api/transactions/batch", ({ request }) => submitBatch(context, request), BATCH)
    .post(
      "/api/transactions/test",
      async ({ request }) => {
        const tx = parseSubmission(await readBody(request, AnyBody), submissionContext(context));
        return viewVerdict(tx, node.mempool.test(tx));
      },
      TEST,
    )
    .get(
      "/api/transactions/:txid",
      async ({ params: { txid }, request }) => {
        readQuery(request, NoQuery);
        return viewLocated(node, await locate(context, txid));
      },
      ONE,
    )
    .get(
      "/api/transactions/:txid/raw",
      async ({ params: { txid }, request }) => {
        readQuery(request, NoQuery);
        const located = await locate(context, txid);
        const tx = located.where === "mempool" ? located.entry.tx : located.tx;
        return { txid: tx.txid, hex: toHex(encodeTransaction(tx)) };
      },
      RAW,
    )
    .get(
      "/api/transactions/:txid/merkle-proof",
      ({ params: { txid }, request }) => {
        readQuery(request, NoQuery);
        return proveTransaction(context, txid);
      },
      PROOF,
    )
    .get(
      "/api/mempool",
      ({ request }) => {
        readQuery(request, NoQuery);
        return viewer.summary();
      },
      MEMPOOL,
    )
    .get(
      "/api/mempool/transactions",
      ({ request }) => {
        const { limit, cursor } = readQuery(request, PageQuery);
        const first = [Number.MAX_SAFE_INTEGER, 0];
        const { rows, next } = viewer.ranked(limit, parseCursor(cursor, first));
        return { count: node.mempool.count, transactions: rows, cursor: next };
      },
      RANKED,
    )
    .get(
      "/api/mempool/transactions/:txid",
      ({ params: { txid }, request }) => {
        readQuery(request, NoQuery);
        return viewer.family(findWaiting(context, txid));
      },
      FAMILY,
    )
    .get(
      "/api/fees",
      ({ request }) => {
        readQuery(request, NoQuery);
        return viewer.fees();
      },
      FEES,
    );
}

async function submit(context: ApiContext, request: Request): Promise<Response> {
  const tx = parseSubmission(await readBody(request, AnyBody), submissionContext(context));
  const result = viewSubmission(tx, context.node.submitTransaction(tx));
  return Response.json(result, { status: result.status === "accepted" ? 201 : 200 });
}

async function submitBatch(context: ApiContext, request: Request) {
  const { transactions } = await readBody(request, BatchSubmission);
  inputOf(request).charge(transactions.length - 1);

  // Parsed one by one in turn: a child's coins may be made by its parent in the same batch.
  const verdicts = submitInOrder(context, transactions as readonly JsonValue[]);
  const rejected = verdicts.filter(({ status }) => status === "rejected").length;
  return { accepted: verdicts.length - rejected, rejected, verdicts };
}

/** Runs of readable items go to the node together, so that one commit covers many. */
function submitInOrder(context: ApiContext, items: readonly JsonValue[]): TransactionVerdictView[] {
  const verdicts: TransactionVerdictView[] = [];
  let run: Transaction[] = [];
  const finishRun = () => {
    const given: MempoolVerdict[] = context.node.submitTransactions(run);
    for (const [index, verdict] of given.entries()) {
      verdicts.push(viewVerdict(run[index] as Transaction, verdict));
    }
    run = [];
  };

  for (const item of items) {
    // Only JSON items look coins up, and so need what came before them.
    if (typeof item === "object") finishRun();
    try {
      run.push(parseSubmission(item, submissionContext(context)));
    } catch (error) {
      const problem = problemOf(error);
      if (problem === undefined) throw error;
      finishRun();
      verdicts.push(viewUnreadable(problem));
    }
  }
  finishRun();
  return verdicts;
}

async function locate(context: ApiContext, text: string) {
  const txid = parseTxid(text);
  if (!context.node.mempool.has(txid)) await indexCaughtUp(context);
  const located = locateTransaction(context.node, txid);
  if (located === undefined) {
    throw new ApiError({
      status: 404,
      code: "transaction-not-found",
      detail: `There is no transaction ${txid} in the mempool or on the active chain.`,
      facts: { txid },
    });
  }
  return located;
}

function findWaiting({ node }: ApiContext, text: string): MempoolEntry {
  const txid = parseTxid(text);
  const entry = node.mempool.find(txid);
  if (entry === undefined) {
    throw new ApiError({
      status: 404,
      code: "transaction-not-found",
      detail: `There is no transaction ${txid} in the mempool.`,
      facts: { txid },
    });
  }
  return entry;
}

async function proveTransaction(context: ApiContext, text: string): Promise<MerkleProofView> {
  const located = await locate(context, text);
  const { chain } = context.node;
  const entry = located.where === "block" ? chain.index.find(located.row.blockHash) : undefined;
  if (located.where !== "block" || entry === undefined) {
    throw new ApiError({
      status: 409,
      code: "not-confirmed",
      detail: "A transaction in the mempool is in no Merkle tree yet.",
    });
  }
  const { header, transactions } = chain.getBlock(entry);
  const leaves = transactions.map(({ txid }) => idToHash(txid));
  const siblings = merkleProof(leaves, located.row.position);
  return {
    txid: located.tx.txid,
    blockHash: entry.hash,
    blockHeight: entry.height,
    position: located.row.position,
    transactionCount: transactions.length,
    merkleRoot: header.merkleRoot,
    siblings: siblings.map((hash) => hashToId<Txid>(hash)),
  };
}

function submissionContext({ node }: ApiContext): SubmissionContext {
  return {
    prefixes: node.network.addressPrefixes,
    findOutput: (outpoint) => node.mempool.findOutput(outpoint),
  };
}

/** A signed payment by `alice` to `bob`, of a coin that is nowhere: to be put in its place. */
const EXAMPLE_TRANSACTION =
  "0200000000010108f7e6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a291807f6e5a3c0b1d4f0000000000" +
  "fdffffff01f0b9f505000000001600146b5b5f154539135dac4d33b8db37d30cbdf9c614024730440220104b" +
  "4ff131d5760745a51403d31cc15a498027b931979be0757f16da03ba3199022030ce9918d64c793e6506b468" +
  "0f115cb89a259935054c215f6637fb6f43759369012103f3d474c86c9be5b82e251cc3cc438d3cc361527b4b" +
  "9799516c4bd513caf9e5f600000000";

/** The same, as JSON. */
const SUBMISSION_EXAMPLE = {
  inputs: [
    {
      tx_id: EXAMPLE_TXID,
      output_index: 0,
      public_key: "03f3d474c86c9be5b82e251cc3cc438d3cc361527b4b9799516c4bd513caf9e5f6",
      signature:
        "30440220104b4ff131d5760745a51403d31cc15a498027b931979be0757f16da03ba3199022030ce9918d64c" +
        "793e6506b4680f115cb89a259935054c215f6637fb6f43759369",
      sequence: 4_294_967_293,
    },
  ],
  outputs: [{ address: "crn1qddd479298yf4mtzdxwudkd7npj7ln3s5rvvjl6", amount: 99_990_000 }],
};

const LIST = describe({
  tag: "Transactions",
  summary: "Transactions waiting for a block",
  description: "One page of the mempool, newest first.",
  query: PageQuery,
  answers: { 200: { description: "A page.", schema: MempoolPage } },
  problems: [400],
});

const SUBMIT = describe({
  tag: "Transactions",
  summary: "Submit a transaction",
  description:
    "As `hex`, or as JSON. With `public_key` and `signature` (SIGHASH_ALL, 64 bytes compact or " +
    "DER) the node writes the P2WPKH or P2PKH spend itself; sign version 2, lock time 0 and final " +
    "sequences unless you give others. When the answer is 201 the transaction is on the node's " +
    "disk. Submitting it again is harmless and answers 200.",
  body: Submission,
  bodyExample: SUBMISSION_EXAMPLE,
  answers: {
    200: { description: "It was in the mempool already.", schema: SubmissionResult },
    201: { description: "Accepted.", schema: SubmissionResult },
  },
  problems: [409],
});

const BATCH = describe({
  tag: "Transactions",
  summary: "Submit up to 1,000 transactions",
  description: "In order, parents before children. Each gets a verdict; one refused stops none.",
  body: BatchSubmission,
  bodyExample: { transactions: [EXAMPLE_TRANSACTION] },
  answers: { 200: { description: "A verdict for each, in order.", schema: BatchResult } },
});

const TEST = describe({
  tag: "Transactions",
  summary: "Would this transaction be accepted?",
  description: "Takes what submitting takes, changes nothing, and says why not if not.",
  body: Submission,
  bodyExample: { hex: EXAMPLE_TRANSACTION },
  answers: { 200: { description: "What submitting would say.", schema: TransactionVerdict } },
});

const ONE = describe({
  ...OF_TRANSACTION,
  tag: "Transactions",
  summary: "One transaction",
  description: "From the mempool or the active chain, with what its inputs spend and who spent it.",
  answers: { 200: { description: "The transaction.", schema: TransactionView } },
  problems: [400, 404],
});

const RAW = describe({
  ...OF_TRANSACTION,
  tag: "Transactions",
  summary: "One transaction as bytes",
  description: "Encoded with its witness, from the mempool or the active chain.",
  answers: { 200: { description: "The bytes as hex.", schema: RawTransaction } },
  problems: [400, 404],
});

const PROOF = describe({
  ...OF_TRANSACTION,
  tag: "Transactions",
  summary: "Proof that a transaction is in a block",
  description:
    "The siblings from the transaction to the Merkle root of its block's header. A verifier must " +
    "use `transactionCount`, which fixes the depth of the tree.",
  answers: { 200: { description: "The proof.", schema: MerkleProof } },
  problems: [400, 404, 409],
});

const MEMPOOL = describe({
  tag: "Transactions",
  summary: "The mempool as a whole",
  description: "How much waits, at which feerates, and what the next block would take.",
  answers: { 200: { description: "The mempool.", schema: MempoolSummary } },
});

const RANKED = describe({
  tag: "Transactions",
  summary: "Waiting transactions by feerate",
  description:
    "One page of the mempool, highest feerate first, each with the block to come that would hold " +
    "it, judged together with what it needs and what pays for it.",
  query: PageQuery,
  answers: { 200: { description: "A page.", schema: RankedPage } },
  problems: [400],
});

const FAMILY = describe({
  tag: "Transactions",
  summary: "A waiting transaction with its relatives",
  description: "What in the mempool must be confirmed before it, and what spends it.",
  ...OF_TRANSACTION,
  answers: { 200: { description: "The transaction and its relatives.", schema: WaitingFamily } },
  problems: [400, 404],
});

const FEES = describe({
  tag: "Transactions",
  summary: "What to pay",
  description:
    "Feerates for 1, 3 and 6 blocks by what waits now; the relay minimum if nothing does.",
  answers: { 200: { description: "The estimates.", schema: FeeEstimates } },
});
