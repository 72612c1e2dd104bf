/**
 * Payments and PSBTs as the API shows them.
 *
 * Only shapes what is known. What a PSBT says of itself is shown as hearsay unless the chain agrees.
 */

import { base64 } from "@scure/base";
import { toHex } from "../lib/bytes.ts";
import { formatAddress } from "../primitives/address.ts";
import { PsbtError } from "../wallet/psbt-error.ts";
import { checkSpentOutputs, describePsbt, type Psbt } from "../wallet/psbt-facts.ts";
import { isComplete } from "../wallet/psbt-signing.ts";
import type { PreparedPayment } from "../wallet/wallet-payments.ts";
import type { Wallets } from "../wallet/wallets.ts";
import type { ApiContext } from "./api-context.ts";
import type { DecodedPsbtView, PaymentView } from "./wallet-payment-schemas.ts";

/** Returns a payment with the names of whom it pays, as they are now. */
export function viewPayment(wallets: Wallets, payment: PreparedPayment): PaymentView {
  const nameOf = (address: string | null) =>
    address === null ? null : (wallets.nameOf(address) ?? null);
  return {
    id: payment.id,
    state: payment.state,
    kind: payment.kind,
    digest: payment.digest,
    inputs: payment.inputs.map(({ txid, vout, value, address }) => ({
      txid,
      vout,
      amount: value,
      address,
    })),
    outputs: payment.outputs.map(({ address, script, value, role }) => ({
      address,
      script,
      amount: value,
      role,
      name: nameOf(address),
    })),
    fee: payment.fee,
    feerate: payment.feerate,
    virtualSize: payment.virtualSize,
    droppedChange: payment.droppedChange,
    ancestorFee: payment.ancestorFee,
    algorithm: payment.algorithm,
    replaces: payment.replaces,
    leaving: payment.leaving,
    psbt: base64.encode(payment.psbt),
    createdAt: payment.createdAt,
    expiresAt: payment.expiresAt,
    txid: payment.txid ?? null,
    clientId: payment.clientId ?? null,
  };
}

/** Returns what a PSBT says, and how far that is true. */
export function viewPsbt({ node }: ApiContext, psbt: Psbt): DecodedPsbtView {
  const { version, lockTime, inputs, outputs, fee } = describePsbt(psbt);
  const addressOf = (script: Uint8Array) =>
    formatAddress(script, node.network.addressPrefixes) ?? null;
  return {
    version,
    lockTime,
    inputs: inputs.map(({ outpoint, sequence, spent, signedBy, isFinal }) => ({
      ...outpoint,
      sequence,
      amount: spent?.value ?? null,
      address: spent === undefined ? null : addressOf(spent.scriptPubKey),
      signedBy: signedBy.map(toHex),
      final: isFinal,
    })),
    outputs: outputs.map(({ value, scriptPubKey }) => ({
      address: addressOf(scriptPubKey),
      script: toHex(scriptPubKey),
      amount: value,
    })),
    fee: fee ?? null,
    feeVerified: isVerified(node, psbt),
    complete: isComplete(psbt, node.signatures),
  };
}

function isVerified({ mempool }: ApiContext["node"], psbt: Psbt): boolean {
  try {
    checkSpentOutputs(psbt, (outpoint) => mempool.findOutput(outpoint));
    return true;
  } catch (error) {
    if (error instanceof PsbtError) return false;
    throw error;
  }
}
