/**
 * What became of a transaction or a block, as the API says it.
 *
 * Only words the verdicts of mempool and chain; judges nothing.
 */

import type { BlockVerdict } from "../chain/chain.ts";
import type { RuleError } from "../consensus/rule-error.ts";
import { missingInputs } from "../mempool/accept-transaction.ts";
import type { MempoolVerdict, TestVerdict } from "../mempool/mempool.ts";
import type { Block } from "../primitives/block.ts";
import { type Transaction, virtualSize } from "../primitives/transaction.ts";
import { hintFor } from "./hints.ts";
import type { BlockVerdictViewType } from "./mining-schemas.ts";
import { type Problem, type ProblemFacts, sentence } from "./problem.ts";
import type { SubmissionResultView, TransactionVerdictView } from "./transaction-schemas.ts";
import { feerateOf } from "./view-transaction.ts";

/** Returns what to answer to a submission; throws the RuleError of one that was refused. */
export function viewSubmission(tx: Transaction, verdict: MempoolVerdict): SubmissionResultView {
  const ids = { txid: tx.txid, wtxid: tx.wtxid };
  switch (verdict.status) {
    case "accepted": {
      const { fee, virtualSize: size } = verdict.entry;
      const replaced = [...verdict.replaced];
      return {
        ...ids,
        status: "accepted",
        fee,
        virtualSize: size,
        feerate: feerateOf(fee, size),
        replaced,
      };
    }
    case "duplicate":
      return {
        ...ids,
        status: "duplicate",
        fee: null,
        virtualSize: virtualSize(tx.weight),
        feerate: null,
        replaced: [],
      };
    case "orphan":
      throw missingInputs(verdict.missing);
    case "rejected":
      throw verdict.error;
  }
}

/** Returns the verdict on one transaction of many. */
export function viewVerdict(
  tx: Transaction,
  verdict: MempoolVerdict | TestVerdict,
): TransactionVerdictView {
  const ids = { txid: tx.txid, wtxid: tx.wtxid };
  switch (verdict.status) {
    case "accepted": {
      const { fee, virtualSize: size } = "entry" in verdict ? verdict.entry : verdict;
      return {
        ...REJECTED,
        ...ids,
        accepted: true,
        status: "accepted",
        fee,
        virtualSize: size,
        feerate: feerateOf(fee, size),
        replaced: [...verdict.replaced],
      };
    }
    case "duplicate":
      return { ...REJECTED, ...ids, accepted: true, status: "duplicate" };
    case "orphan":
      return { ...REJECTED, ...ids, ...viewRuleError(missingInputs(verdict.missing)) };
    case "rejected":
      return { ...REJECTED, ...ids, ...viewRuleError(verdict.error) };
  }
}

/** Returns the verdict on an item of a batch that stands for no transaction. */
export function viewUnreadable({ code, detail, facts }: Problem): TransactionVerdictView {
  return { ...REJECTED, ...viewReason(code, detail, facts ?? {}) };
}

/** Returns what became of a submitted block; throws the RuleError of one that was refused. */
export function viewBlockVerdict({ hash }: Block, verdict: BlockVerdict): BlockVerdictViewType {
  switch (verdict.status) {
    case "connected":
    case "side-branch":
      return { status: verdict.status, hash, height: verdict.entry.height, missingParent: null };
    case "duplicate":
      return {
        status: "duplicate",
        hash,
        height: verdict.entry?.height ?? null,
        missingParent: null,
      };
    case "orphan":
      return { status: "orphan", hash, height: null, missingParent: verdict.missingParent };
    case "invalid":
      throw verdict.error;
  }
}

const REJECTED: TransactionVerdictView = {
  accepted: false,
  status: "rejected",
  txid: null,
  wtxid: null,
  fee: null,
  virtualSize: null,
  feerate: null,
  replaced: [],
};

function viewRuleError({ code, message, facts }: RuleError) {
  return viewReason(code, sentence(message), facts);
}

function viewReason(code: string, detail: string, facts: ProblemFacts) {
  const hint = hintFor(code);
  return { code, detail, ...(hint === undefined ? {} : { hint }), facts: { ...facts } };
}
