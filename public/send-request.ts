/**
 * What somebody filled in to pay, read into what is asked of a wallet: exact amounts, or a sentence
 * about the first thing that is wrong.
 *
 * Pure. Whether there are coins for it, and who is behind a name, the wallet says.
 */

import { parseCoins, parseFeerate } from "./parse-amount.ts";

/** One line of the form. */
export interface RecipientDraft {
  readonly to: string;
  /** In coins. */
  readonly amount: string;
  readonly isMax: boolean;
  readonly paysFee: boolean;
}

/** How soon it should be confirmed: a number of blocks, or a rate of one's own. */
export type Speed = "1" | "3" | "6" | "own";

/** The whole form. */
export interface SendDraft {
  readonly recipients: readonly RecipientDraft[];
  readonly speed: Speed;
  /** In sats per virtual byte, if the speed is one's own. */
  readonly feerate: string;
  /** As `txid:vout`; none lets the wallet choose. */
  readonly coins: readonly string[];
  readonly keepsChange: boolean;
  readonly allowsUnconfirmed: boolean;
  readonly isForced: boolean;
}

/** A payment to be prepared, as the API has it. */
export interface SendRequest {
  readonly recipients: readonly { readonly to: string; readonly amount: number | "max" }[];
  readonly target?: number;
  readonly feerate?: number;
  readonly subtractFeeFrom?: readonly number[];
  readonly coins?: readonly { readonly txid: string; readonly vout: number }[];
  readonly keepChange?: false;
  readonly allowUnconfirmed?: true;
  readonly force?: true;
}

/** Something that cannot be asked for, and at which recipient; none is about the rate. */
export interface SendProblem {
  readonly problem: string;
  readonly recipient?: number;
}

export const NO_RECIPIENT: RecipientDraft = { to: "", amount: "", isMax: false, paysFee: false };

export const NO_PAYMENT: SendDraft = {
  recipients: [NO_RECIPIENT],
  speed: "1",
  feerate: "",
  coins: [],
  keepsChange: true,
  allowsUnconfirmed: false,
  isForced: false,
};

/** Returns the request of a form, or what is wrong with it. */
export function readSendDraft(draft: SendDraft): SendRequest | SendProblem {
  const recipients: { to: string; amount: number | "max" }[] = [];
  for (const [recipient, line] of draft.recipients.entries()) {
    const to = line.to.trim();
    if (to === "") return { problem: "Say who is paid.", recipient };
    const amount = line.isMax ? "max" : parseCoins(line.amount);
    if (amount === undefined || amount === 0) {
      return { problem: "An amount in coins, with at most 8 decimals.", recipient };
    }
    recipients.push({ to, amount });
  }
  const feerate = parseFeerate(draft.feerate);
  if (draft.speed === "own" && feerate === undefined) {
    return { problem: "A rate in sat/vB, with at most 3 decimals." };
  }
  const payers = draft.recipients.flatMap(({ paysFee, isMax }, index) => {
    return paysFee && !isMax ? [index] : [];
  });
  const coins = draft.coins.map((coin) => {
    const [txid = "", vout] = coin.split(":");
    return { txid, vout: Number(vout) };
  });
  return {
    recipients,
    ...(draft.speed === "own" ? { feerate: feerate ?? 0 } : { target: Number(draft.speed) }),
    ...(payers.length === 0 ? {} : { subtractFeeFrom: payers }),
    ...(coins.length === 0 ? {} : { coins }),
    ...(draft.keepsChange ? {} : { keepChange: false }),
    ...(draft.allowsUnconfirmed ? { allowUnconfirmed: true } : {}),
    ...(draft.isForced ? { force: true } : {}),
  };
}
