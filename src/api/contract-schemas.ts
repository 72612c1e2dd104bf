/**
 * Shapes of contracts: templates, contracts of a wallet, spends on their way.
 *
 * Shapes only; parameters are read by wallet/contract-parameters.ts, whose errors name the field.
 */

import { type Static, Type } from "@sinclair/typebox";
import { MAX_LABEL_LENGTH } from "../storage/label-store.ts";
import { Amount, Count, Cursor, exact, Hash, Hex, oneOf, orNull } from "./schemas.ts";
import {
  FEERATE_FIELD,
  MAX_COMBINED_PSBTS,
  MAX_RECIPIENT_LENGTH,
  Psbt,
  TARGET_FIELD,
} from "./wallet-payment-schemas.ts";
import { AUTHORITY_FIELDS } from "./wallet-request.ts";

/** Characters of the name of a template or a branch, by far. */
const MAX_NAME_LENGTH = 32;

const Name = Type.String({ maxLength: MAX_NAME_LENGTH });
const Parameters = Type.Record(Type.String(), Type.Unknown(), {
  description: "As GET /api/contracts/templates says of the template.",
});
const Preimage = Type.Optional(
  Type.String({
    pattern: "^[0-9a-fA-F]{64}$",
    description: "The secret of the branch's hash, as hex.",
  }),
);

export const TemplateList = exact({
  templates: Type.Array(
    exact(
      {
        name: Type.String(),
        summary: Type.String(),
        parameters: Type.Record(Type.String(), Type.String()),
      },
      { title: "ContractTemplate" },
    ),
  ),
});

export const ContractKeyView = exact({ publicKey: Hex, path: Type.String(), index: Count });

export const ContractBody = exact({
  template: Name,
  parameters: Parameters,
  label: Type.Optional(Type.String({ maxLength: MAX_LABEL_LENGTH })),
});

export const ContractView = exact(
  {
    address: Type.String(),
    template: Type.String(),
    parameters: Parameters,
    label: orNull(Type.String()),
    createdAt: Type.Integer({ minimum: 0, description: "Milliseconds since 1970." }),
    words: Type.Array(Type.String(), { description: "What it means for whom." }),
    descriptor: Type.String({ description: "By which other wallets can watch and spend it." }),
    miniscript: Type.String(),
    script: Hex,
    balance: Amount,
    coins: Type.Array(
      exact({
        txid: Hash,
        vout: Count,
        amount: Amount,
        blockHeight: orNull(Count),
        spent: Type.Boolean({ description: "True if the mempool spends it." }),
      }),
    ),
    branches: Type.Array(
      exact({
        name: Type.String(),
        threshold: Count,
        keys: Type.Array(
          exact({
            role: Type.String(),
            name: Type.String(),
            publicKey: Hex,
            mine: Type.Boolean(),
          }),
        ),
        lock: orNull(exact({ unit: oneOf(["height", "time", "blocks", "seconds"]), value: Count })),
        hash: orNull(Hash),
        canSpendNow: Type.Boolean({ description: "True if there are coins and its lock is open." }),
        words: Type.Array(Type.String(), { description: "Who can spend, when, and with what." }),
        missing: Type.Array(Type.String(), { description: "Why it cannot be spent now." }),
      }),
    ),
    preimage: orNull(Type.String({ description: "The secret, once the chain has shown it." })),
  },
  { title: "Contract" },
);
export type ContractViewType = Static<typeof ContractView>;

export const ContractPage = exact({ contracts: Type.Array(ContractView), cursor: Cursor });

export const SpendBody = exact({
  branch: Name,
  to: Type.String({
    maxLength: MAX_RECIPIENT_LENGTH,
    description: "An address, or the name of a contact or wallet: gets all, less the fee.",
  }),
  feerate: FEERATE_FIELD,
  target: TARGET_FIELD,
  preimage: Preimage,
  sign: Type.Optional(
    Type.Boolean({
      description: "False to leave it unsigned.",
    }),
  ),
  ...AUTHORITY_FIELDS,
});

export const SignContractBody = exact({
  psbt: Psbt,
  branch: Type.Optional(Name),
  ...AUTHORITY_FIELDS,
});

const Psbts = Type.Array(Psbt, { minItems: 1, maxItems: MAX_COMBINED_PSBTS });

export const CombineContractBody = exact({ psbts: Psbts });

export const FinishBody = exact({
  psbts: Psbts,
  branch: Type.Optional(Name),
  preimage: Preimage,
});

export const ContractSpendView = exact(
  {
    psbt: Type.String({ description: "In base64, for the other parties." }),
    added: Type.Integer({ minimum: 0, description: "Signatures that were added." }),
    fee: Amount,
    complete: Type.Boolean({ description: "True if it can be finished." }),
    missing: Type.Array(Type.String(), { description: "What is needed until then, by branch." }),
    branches: Type.Array(
      exact({
        name: Type.String(),
        threshold: Count,
        signed: Type.Array(Type.String()),
        wrong: Type.Array(Type.String(), { description: "Whose signatures are none." }),
        missing: Type.Array(Type.String()),
        hasPreimage: Type.Boolean(),
        complete: Type.Boolean(),
      }),
      { description: "Those by which it may be meant to spend, with the names of parties." },
    ),
  },
  { title: "ContractSpend" },
);
export type ContractSpendViewType = Static<typeof ContractSpendView>;

export const FinishedSpend = exact({ hex: Hex, txid: Hash, submitted: Type.Boolean() });
