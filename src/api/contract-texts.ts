/**
 * The templates of contracts in words, for people who choose one.
 *
 * How parameters are read is written in wallet/contract-templates.ts.
 */

import type { TemplateName } from "../wallet/contract.ts";

const PARTY = "A party: { publicKey, name? }.";
const PARTIES = "1 to 20 parties: [{ publicKey, name? }].";
const LOCK_FROM_START = "{ height } of the chain, or { time } in seconds since 1970";
const LOCK_FROM_COIN = "{ blocks } or { seconds } since a coin was confirmed";

/** What a template is for, and what each of its parameters is. */
export interface TemplateText {
  readonly summary: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Every template. */
export const TEMPLATE_TEXTS: Readonly<Record<TemplateName, TemplateText>> = {
  multisig: {
    summary: "So many of these keys spend together, at any time.",
    parameters: { keys: PARTIES, threshold: "How many must sign." },
  },
  timelock: {
    summary: "The owner spends, and not before a lock is open.",
    parameters: { owner: PARTY, lock: `${LOCK_FROM_START}, or ${LOCK_FROM_COIN}.` },
  },
  htlc: {
    summary: "The receiver spends with a secret; later the sender takes the coins back.",
    parameters: {
      receiver: PARTY,
      sender: PARTY,
      hash: "SHA-256 of a secret of 32 bytes, as hex.",
      refundAfter: `${LOCK_FROM_START}.`,
    },
  },
  escrow: {
    summary: "Buyer and seller spend together, or one of them with an arbiter.",
    parameters: { buyer: PARTY, seller: PARTY, arbiter: PARTY },
  },
  inheritance: {
    summary: "The owner spends at any time; heirs do once coins have lain still for a while.",
    parameters: {
      owner: PARTY,
      heirs: PARTIES,
      threshold: "How many heirs must sign.",
      after: `${LOCK_FROM_COIN}.`,
    },
  },
};
