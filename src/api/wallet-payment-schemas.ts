/**
 * Shapes of payments and PSBTs.
 *
 * Shapes only: where the figures come from is in view-payment.ts.
 */

import { type Static, Type } from "@sinclair/typebox";
import { ESTIMATE_TARGETS } from "../mempool/fee-estimate.ts";
import { MAX_ID_LENGTH } from "../storage/wallet-store-error.ts";
import { MAX_FEERATE, MAX_RECIPIENTS } from "../wallet/payment-plan.ts";
import { MAX_DRAFT_LIFE_MS } from "../wallet/wallet-payments.ts";
import {
  Amount,
  Count,
  Cursor,
  exact,
  Feerate,
  Hash,
  HashInput,
  Hex,
  Milliseconds,
  oneOf,
  orNull,
} from "./schemas.ts";
import { AUTHORITY_FIELDS } from "./wallet-request.ts";

/** Coins that one payment may choose: beyond what fits into a transaction that is relayed. */
const MAX_CHOSEN_COINS = 2_000;

/** PSBTs combined at once: more parties than a contract has. */
export const MAX_COMBINED_PSBTS = 32;

/** Characters of a name or an address. */
export const MAX_RECIPIENT_LENGTH = 128;

/** Characters of a PSBT in base64, with room for line breaks. */
const MAX_PSBT_LENGTH = 600_000;

/** A PSBT from outside. */
export const Psbt = Type.String({
  maxLength: MAX_PSBT_LENGTH,
  description: "In base64 (BIP-0174).",
});
const Digest = Type.String({ pattern: "^[0-9a-f]{64}$", description: "Of all that is signed." });
const Sats = Type.Integer({ minimum: 0, description: "Sats." });

/** A wish in sat per vbyte. */
export const FEERATE_FIELD = Type.Optional(
  Type.Number({ minimum: 0, maximum: MAX_FEERATE, description: "Sats per vbyte, three decimals." }),
);
/** A wish for speed. */
export const TARGET_FIELD = Type.Optional(
  Type.Union(
    ESTIMATE_TARGETS.map((blocks) => Type.Literal(blocks)),
    { description: "Blocks to wait at most, by the estimate of GET /api/fees; 1 unless given." },
  ),
);
const TERMS_FIELDS = {
  force: Type.Optional(Type.Boolean({ description: "True if the fee may be whatever it is." })),
  clientId: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: MAX_ID_LENGTH,
      description: "Of your choice: asked for again under it, it is the same payment.",
    }),
  ),
  lifeSeconds: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_DRAFT_LIFE_MS / 1_000,
      description: "How long its coins are held if nobody confirms it; 600 unless given.",
    }),
  ),
};

export const PaymentBody = exact({
  recipients: Type.Array(
    exact({
      to: Type.String({
        maxLength: MAX_RECIPIENT_LENGTH,
        description: "An address, or the name of a contact or of a wallet of this node.",
      }),
      amount: Type.Union([Sats, Type.Literal("max")], {
        description: "Sats, or max for all that is left.",
      }),
    }),
    { minItems: 1, maxItems: MAX_RECIPIENTS },
  ),
  feerate: FEERATE_FIELD,
  target: TARGET_FIELD,
  keepChange: Type.Optional(
    Type.Boolean({ description: "False to give what is left over to miners." }),
  ),
  subtractFeeFrom: Type.Optional(
    Type.Array(Count, {
      maxItems: MAX_RECIPIENTS,
      description: "Recipients, by index, that pay the fee.",
    }),
  ),
  coins: Type.Optional(
    Type.Array(exact({ txid: HashInput, vout: Count }), {
      minItems: 1,
      maxItems: MAX_CHOSEN_COINS,
      description: "Exactly these are spent.",
    }),
  ),
  allowUnconfirmed: Type.Optional(
    Type.Boolean({ description: "True to spend what others have sent and no block has." }),
  ),
  ...TERMS_FIELDS,
});
export type PaymentBodyType = Static<typeof PaymentBody>;

export const ReplaceBody = exact({ txid: HashInput, feerate: FEERATE_FIELD, ...TERMS_FIELDS });

export const ChildBody = exact({
  txid: HashInput,
  feerate: FEERATE_FIELD,
  target: TARGET_FIELD,
  ...TERMS_FIELDS,
});

export const ConfirmBody = exact({ digest: Digest, ...AUTHORITY_FIELDS });

export const SignedBody = exact({ digest: Digest, psbt: Psbt });

export const Payment = exact(
  {
    id: Type.String(),
    state: oneOf(["open", "sent", "failed", "cancelled", "expired"]),
    kind: oneOf(["payment", "bump", "cancellation", "child"]),
    digest: Digest,
    inputs: Type.Array(exact({ txid: Hash, vout: Count, amount: Amount, address: Type.String() })),
    outputs: Type.Array(
      exact({
        address: orNull(Type.String()),
        script: Hex,
        amount: Amount,
        role: oneOf(["payment", "change"]),
        name: orNull(Type.String()),
      }),
    ),
    fee: Amount,
    feerate: Feerate,
    virtualSize: Count,
    droppedChange: Type.Integer({ minimum: 0, description: "Sats too few to be change." }),
    ancestorFee: Type.Integer({ description: "Sats of the fee that pay for what it waits for." }),
    algorithm: Type.String({ description: "How its coins were chosen." }),
    replaces: orNull(Hash),
    leaving: Type.Integer({ description: "Sats that leave the wallet, the fee included." }),
    psbt: Type.String({ description: "Unsigned, in base64 (BIP-0174)." }),
    createdAt: Milliseconds,
    expiresAt: Milliseconds,
    txid: orNull(Hash),
    clientId: orNull(Type.String()),
  },
  { title: "Payment" },
);
export type PaymentView = Static<typeof Payment>;

export const PaymentPage = exact({ payments: Type.Array(Payment), cursor: Cursor });

export const SignPsbtBody = exact({ psbt: Psbt, ...AUTHORITY_FIELDS });

export const PsbtBody = exact({ psbt: Psbt });

export const SignedPsbt = exact({
  psbt: Type.String(),
  added: Type.Integer({ minimum: 0, description: "Signatures that were added." }),
  complete: Type.Boolean({ description: "True if it can be finalized." }),
});

export const DecodedPsbt = exact(
  {
    version: Type.Integer({ description: "Of the transaction." }),
    lockTime: Count,
    inputs: Type.Array(
      exact({
        txid: Hash,
        vout: Count,
        sequence: Count,
        amount: orNull(Amount),
        address: orNull(Type.String()),
        signedBy: Type.Array(Hex, { description: "Public keys. The signatures are not checked." }),
        final: Type.Boolean(),
      }),
    ),
    outputs: Type.Array(exact({ address: orNull(Type.String()), script: Hex, amount: Amount })),
    fee: orNull(Type.Integer({ description: "Sats, by what it says itself." })),
    feeVerified: Type.Boolean({ description: "True if the chain agrees with the amounts." }),
    complete: Type.Boolean(),
  },
  { title: "DecodedPsbt" },
);
export type DecodedPsbtView = Static<typeof DecodedPsbt>;

export const CombineBody = exact({
  psbts: Type.Array(Psbt, { minItems: 1, maxItems: MAX_COMBINED_PSBTS }),
});

export const CombinedPsbt = exact({ psbt: Type.String(), complete: Type.Boolean() });

export const FinalizeBody = exact({
  psbt: Psbt,
  submit: Type.Optional(Type.Boolean({ description: "True to send it." })),
});

export const FinalizedPsbt = exact({ hex: Hex, txid: Hash, submitted: Type.Boolean() });
