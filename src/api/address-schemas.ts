/**
 * Shapes of what is known of an address.
 *
 * Shapes only: where the figures come from is in view-address.ts.
 */

import { type Static, Type } from "@sinclair/typebox";
import { Amount, Count, Cursor, exact, Hash, Hex, Milliseconds, oneOf, orNull } from "./schemas.ts";

export const AddressSummary = exact(
  {
    address: Type.String(),
    confirmed: Type.Integer({ minimum: 0, description: "Sats of confirmed coins, immature too." }),
    unconfirmed: Type.Integer({ description: "Sats that the mempool adds, less what it spends." }),
    immature: Type.Integer({ minimum: 0, description: "Sats of `confirmed` not spendable yet." }),
    spendable: Type.Integer({ minimum: 0, description: "Sats that may be spent now." }),
    received: Amount,
    sent: Amount,
    transactionCount: Count,
    utxoCount: Count,
    firstHeight: orNull(Count),
    lastHeight: orNull(Count),
  },
  { title: "Address" },
);
export type AddressSummaryView = Static<typeof AddressSummary>;

export const Utxo = exact(
  {
    txid: Hash,
    vout: Count,
    amount: Amount,
    script: Hex,
    type: Type.String(),
    height: orNull(Count),
    confirmations: Count,
    coinbase: Type.Boolean(),
    spendable: Type.Boolean({ description: "False while immature or spent in the mempool." }),
    spentInMempool: Type.Boolean(),
  },
  { title: "Utxo" },
);
export type UtxoView = Static<typeof Utxo>;

export const UtxoPage = exact({
  address: Type.String(),
  utxos: Type.Array(Utxo),
  cursor: Cursor,
});

export const AddressTransaction = exact(
  {
    txid: Hash,
    status: oneOf(["mempool", "confirmed"]),
    blockHeight: orNull(Count),
    confirmations: Count,
    timestamp: Milliseconds,
    amount: Type.Integer({ description: "Sats received, less sats sent." }),
    balance: orNull(Amount),
  },
  { title: "AddressTransaction" },
);
export type AddressTransactionView = Static<typeof AddressTransaction>;

export const AddressTransactionPage = exact({
  address: Type.String(),
  transactions: Type.Array(AddressTransaction),
  cursor: Cursor,
});

export const AddressValidation = exact(
  {
    address: Type.String(),
    valid: Type.Boolean(),
    type: orNull(Type.String({ description: "Kind of address: p2wpkh, p2pkh, ..." })),
    script: orNull(Hex),
    reason: orNull(oneOf(["format", "checksum", "network"])),
    detail: orNull(Type.String()),
  },
  { title: "AddressValidation" },
);
export type AddressValidationView = Static<typeof AddressValidation>;
