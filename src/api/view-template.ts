/**
 * Templates as JSON for miners elsewhere, who make the coinbase themselves.
 *
 * Knows nothing of how transactions were chosen.
 */

import { sha256 } from "../crypto/hash.ts";
import { toHex } from "../lib/bytes.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { BlockTemplate } from "../mining/block-template.ts";
import { encodeTransaction } from "../primitives/transaction.ts";
import type { TemplateView } from "./mining-schemas.ts";
import { formatBits, formatTarget } from "./view-block.ts";

/** Returns everything that a miner needs of `template`. */
export function viewTemplate(template: BlockTemplate, mempool: Mempool): TemplateView {
  return {
    id: templateId(template),
    previousHash: template.previousHash,
    height: template.height,
    version: template.version,
    bits: formatBits(template.bits),
    target: formatTarget(template.bits),
    time: template.time,
    minTime: template.minTime,
    coinbaseValue: template.coinbaseValue,
    totalFees: template.totalFees,
    commitment: toHex(template.commitment),
    merkleBranch: template.merkleBranch.map(toHex),
    transactions: template.transactions.map((tx) => ({
      txid: tx.txid,
      fee: mempool.find(tx.txid)?.fee ?? null,
      hex: toHex(encodeTransaction(tx)),
    })),
  };
}

/** Parent and transactions make the work; that time passes makes no new one. */
function templateId({ previousHash, bits, commitment }: BlockTemplate): string {
  const text = `${previousHash}:${bits}:${toHex(commitment)}`;
  return toHex(sha256(new TextEncoder().encode(text))).slice(0, 32);
}
