/**
 * Payments of one wallet, in two steps: prepared, which reserves coins and shows what it will cost,
 * and confirmed, which signs and sends it.
 *
 * What is confirmed is on the disk before anybody else sees it, so that one which was sent is sent
 * again after a crash, and asking twice pays once. Who may confirm is the business of those who lend
 * the master key; what a payment spends is decided in payment-plan.ts.
 */

import type { HDKey } from "@scure/bip32";
import { sha256 } from "../crypto/hash.ts";
import type { SignatureVerifier } from "../crypto/signature-verifier.ts";
import { toHex } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import { decodeAll } from "../lib/codec.ts";
import { parseJson } from "../lib/json.ts";
import type { Page, PageRequest } from "../lib/paging.ts";
import type { Mempool, MempoolVerdict } from "../mempool/mempool.ts";
import { type AddressPrefixes, formatAddress } from "../primitives/address.ts";
import type { Txid } from "../primitives/hash-id.ts";
import {
  decodeTransaction,
  encodeTransaction,
  type Outpoint,
  outpointKey,
  type Transaction,
} from "../primitives/transaction.ts";
import type { Draft, DraftState } from "../storage/draft-store.ts";
import type { WalletStore } from "../storage/wallet-store.ts";
import { OutpointReservedError } from "../storage/wallet-store-error.ts";
import type { KeyAccount } from "./account.ts";
import type { KeyOrigin } from "./account-key.ts";
import type { Chance } from "./coin-selection.ts";
import { type PaymentPlan, type PlannedOutput, REPLACEABLE_SEQUENCE } from "./fund-payment.ts";
import { PaymentError } from "./payment-error.ts";
import { type PaymentWish, planPayment, type Recipient } from "./payment-plan.ts";
import { createPsbt, encodePsbt, parsePsbt } from "./psbt.ts";
import { checkSpentOutputs, describePsbt, type Psbt } from "./psbt-facts.ts";
import { finalizePsbt, signPsbt } from "./psbt-signing.ts";
import {
  type PendingPayment,
  planCancellation,
  planChild,
  planReplacement,
  type ReplacementWish,
} from "./replacement-plan.ts";
import type { SpendableCoin } from "./spendable-coin.ts";
import {
  MAX_BRANCH_ADDRESSES,
  type WalletAddress,
  type WalletAddresses,
} from "./wallet-addresses.ts";
import { WalletError } from "./wallet-error.ts";
import type { WalletCoin, WalletLedger } from "./wallet-ledger.ts";

/** Milliseconds for which a prepared payment holds its coins, unless it is given longer. */
export const DRAFT_LIFE_MS = 600_000;

/** The longest that it may: long enough to carry it to a machine that is kept elsewhere. */
export const MAX_DRAFT_LIFE_MS = 7 * 24 * 3_600_000;

/** Blocks after which a sent payment is left alone: no reorganisation is expected to undo it. */
const SETTLED_DEPTH = 100;

const PLAN_VERSION = 2;

/** What a payment is to be; see PaymentWish. */
export type PaymentRequest = Pick<
  PaymentWish,
  "feerate" | "chosenOutpoints" | "subtractFeeFrom" | "allowUnconfirmed" | "isForced"
> & {
  readonly recipients: readonly Recipient[];
  /** False to give what is left over to miners. */
  readonly keepsChange?: boolean | undefined;
};

/** How a waiting payment is to be replaced: without a feerate, by the least that is accepted. */
export interface ReplacementRequest {
  /** Sats per vbyte. */
  readonly feerate?: number | undefined;
  readonly isForced?: boolean | undefined;
}

/** How a draft is asked for, whatever it is for. */
export interface DraftTerms {
  /** By which whoever asks knows it again: asked twice, it is one payment. */
  readonly clientId?: string | undefined;
  /**
   * What was asked for in the words of whoever asked; the request itself unless given. Names and fee
   * estimates mean something else a moment later, and the same words are the same payment.
   */
  readonly asked?: unknown;
  /** Milliseconds until its coins are released if nobody confirms it. */
  readonly lifeMs?: number | undefined;
}

/** What a draft is for. */
export type DraftKind = "payment" | "bump" | "cancellation" | "child";

/** An input of a draft. */
export interface DraftInput extends Outpoint {
  readonly value: number;
  readonly address: string;
}

/** An output of a draft; the address is null for a script that has none. */
export interface DraftOutput {
  readonly address: string | null;
  readonly script: string;
  readonly value: number;
  readonly role: PlannedOutput["role"];
}

/** What a draft says of itself. Amounts in sat. */
export interface DraftFacts {
  readonly kind: DraftKind;
  readonly inputs: readonly DraftInput[];
  readonly outputs: readonly DraftOutput[];
  readonly fee: number;
  readonly virtualSize: number;
  /** Sats per vbyte. */
  readonly feerate: number;
  readonly droppedChange: number;
  readonly ancestorFee: number;
  readonly algorithm: string;
  /** The transaction whose place it takes. */
  readonly replaces: Txid | null;
  /** Sats that leave the wallet: what is paid to others, and the fee. */
  readonly leaving: number;
  /** What is confirmed: of all that is signed. */
  readonly digest: string;
}

/** A payment as it is shown. */
export interface PreparedPayment extends DraftFacts {
  readonly id: string;
  readonly state: DraftState;
  readonly psbt: Uint8Array;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly txid: Txid | undefined;
  readonly clientId: string | undefined;
}

export interface WalletPaymentsNeeds {
  readonly wallet: string;
  readonly account: KeyAccount;
  readonly addresses: WalletAddresses;
  readonly ledger: WalletLedger;
  readonly store: Pick<
    WalletStore,
    "drafts" | "kept" | "setNextIndex" | "nextIndex" | "transaction"
  >;
  readonly mempool: Pick<Mempool, "find" | "findOutput" | "minFeerate" | "coins">;
  readonly chain: { readonly tip: { readonly height: number } };
  readonly prefixes: AddressPrefixes;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly signatures: SignatureVerifier;
  /** Reads a transaction from chain or mempool. */
  readonly readTransaction: (txid: Txid) => Transaction | undefined;
  readonly submit: (tx: Transaction) => MempoolVerdict;
}

export class WalletPayments {
  readonly #needs: WalletPaymentsNeeds;

  constructor(needs: WalletPaymentsNeeds) {
    this.#needs = needs;
  }

  /** The draft that was asked for in these terms before; WalletError if it was for another. */
  recall(kind: DraftKind, { clientId, asked }: DraftTerms): PreparedPayment | undefined {
    const { store, wallet } = this.#needs;
    const known = clientId && store.drafts.findDraftByClientId(wallet, clientId);
    if (!known) return undefined;
    if (known.requestHash === hashOf([kind, asked])) return this.find(known.id);
    throw new WalletError("client-id-reused", "another payment was asked for under this id", {
      clientId,
    });
  }

  /** Prepares a payment; PaymentError if it cannot be made. */
  prepare(request: PaymentRequest, terms: DraftTerms = {}): PreparedPayment {
    return this.#draft("payment", request, terms, () => ({
      plan: planPayment({
        ...this.#options(request),
        coins: this.#coins(),
        recipients: request.recipients,
        feerate: request.feerate,
        changeScript: request.keepsChange === false ? undefined : this.#changeAddress().script,
        chosenOutpoints: request.chosenOutpoints,
        subtractFeeFrom: request.subtractFeeFrom,
        allowUnconfirmed: request.allowUnconfirmed,
      }),
    }));
  }

  /** Prepares a payment that takes the place of a waiting one and pays miners more (BIP-0125). */
  bump(txid: Txid, request: ReplacementRequest, terms: DraftTerms = {}): PreparedPayment {
    return this.#replace("bump", planReplacement, txid, request, terms);
  }

  /** Prepares a transaction that takes the place of a waiting payment and pays nobody. */
  cancelPending(txid: Txid, request: ReplacementRequest, terms: DraftTerms = {}): PreparedPayment {
    return this.#replace("cancellation", planCancellation, txid, request, terms);
  }

  /** Prepares a child of a waiting transaction, which pays miners what that one lacks. */
  speedUp(
    txid: Txid,
    request: { readonly feerate: number; readonly isForced?: boolean | undefined },
    terms: DraftTerms = {},
  ): PreparedPayment {
    return this.#draft("child", { txid, ...request }, terms, () => {
      const coins = this.#coins();
      const parentCoins = coins.filter(({ outpoint }) => outpoint.txid === txid);
      if (parentCoins.length === 0) throw notOurs(txid);
      return {
        plan: planChild({
          ...this.#options(request),
          parentCoins,
          coins,
          feerate: request.feerate,
          changeScript: this.#changeAddress().script,
        }),
      };
    });
  }

  find(id: string): PreparedPayment {
    return this.#view(this.#get(id));
  }

  list(page: PageRequest): Page<PreparedPayment> {
    const { store, wallet, clock } = this.#needs;
    store.drafts.expireDrafts(clock.now());
    const { rows, nextCursor } = store.drafts.listDrafts(wallet, page);
    return { rows: rows.map((draft) => this.#view(draft)), nextCursor };
  }

  /** Releases the coins of a payment that nobody confirmed. */
  cancel(id: string): PreparedPayment {
    const draft = this.#get(id);
    if (draft.state !== "open" && draft.state !== "cancelled") throw notOpen(draft);
    this.#needs.store.drafts.closeDraft(id, "cancelled");
    return this.find(id);
  }

  /** Throws WalletError unless this draft can be confirmed, or was, with this digest. */
  check(id: string, digest: string): PreparedPayment {
    const draft = this.find(id);
    if (draft.digest !== digest) {
      throw new WalletError("draft-changed", "this is not the payment that was shown", { id });
    }
    if (draft.state !== "open" && draft.state !== "sent") throw notOpen(draft);
    return draft;
  }

  /** Signs a payment with `master` and sends it; one that was sent already is sent again if need be. */
  confirm(id: string, digest: string, master: HDKey): PreparedPayment {
    const { state, psbt } = this.check(id, digest);
    if (state === "sent") return this.sendAgain(id);
    const signed = parsePsbt(psbt);
    signPsbt(signed, master);
    return this.#send(id, signed);
  }

  /** Sends a payment that was signed elsewhere: the same PSBT with its signatures. */
  confirmSigned(id: string, digest: string, signed: Psbt): PreparedPayment {
    const { state } = this.check(id, digest);
    if (state === "sent") return this.sendAgain(id);
    if (digestOf(signed) !== digest) {
      throw new WalletError("draft-changed", "what was signed is not this payment", { id });
    }
    return this.#send(id, signed);
  }

  /** Sends a payment again that was sent, if it is nowhere now; the index must show the tip. */
  sendAgain(id: string): PreparedPayment {
    this.resend(this.#get(id));
    return this.find(id);
  }

  /** The same, and forgets what is deep in the chain. */
  resend(draft: Draft): void {
    const { ledger, chain, submit, store } = this.#needs;
    if (!draft.isLive || draft.raw === undefined || draft.txid === undefined) return;
    const height = ledger.heightOf(draft.txid);
    if (height !== undefined) {
      if (chain.tip.height - height >= SETTLED_DEPTH) store.drafts.settle(draft.id);
      return;
    }
    // One that another has taken the place of must not push that out again.
    if (ledger.statusOf(draft.txid) === "dropped") submit(decodeAll(draft.raw, decodeTransaction));
    else if (ledger.isConflictDeep(draft.txid, SETTLED_DEPTH)) {
      store.drafts.closeDraft(draft.id, "failed");
    }
  }

  #replace(
    kind: DraftKind,
    plan: (wish: ReplacementWish) => PaymentPlan,
    txid: Txid,
    request: ReplacementRequest,
    terms: DraftTerms,
  ): PreparedPayment {
    return this.#draft(kind, { txid, ...request }, terms, () => ({
      plan: plan({
        ...this.#options(request),
        original: this.#pending(txid),
        coins: this.#coins(),
        feerate: request.feerate,
        changeScript: this.#changeAddress().script,
      }),
      replaces: txid,
    }));
  }

  #options({ isForced }: { readonly isForced?: boolean | undefined }) {
    const { mempool, chain, chance } = this.#needs;
    return {
      isForced,
      minFeerate: mempool.minFeerate(),
      // Useless to whoever would mine an old block again to take its fee.
      lockTime: chain.tip.height,
      chance,
    };
  }

  #draft(
    kind: DraftKind,
    request: unknown,
    { clientId, lifeMs = DRAFT_LIFE_MS, asked = request }: DraftTerms,
    plan: () => { readonly plan: PaymentPlan; readonly replaces?: Txid },
  ): PreparedPayment {
    const { store, wallet, clock, randomBytes, addresses } = this.#needs;
    store.drafts.expireDrafts(clock.now());
    addresses.refresh();
    const known = this.recall(kind, { clientId, asked });
    if (known !== undefined) return known;

    const requestHash = hashOf([kind, asked]);
    const { plan: made, replaces } = plan();
    const id = toHex(randomBytes(16));
    const createdAt = clock.now();
    const psbt = this.#psbtOf(made);
    const digest = digestOf(parsePsbt(psbt));
    const facts = JSON.stringify({ ...this.#factsOf(kind, made, replaces), digest });
    const expiresAt = createdAt + Math.min(lifeMs, MAX_DRAFT_LIFE_MS);
    const draft = { id, wallet, clientId, requestHash, psbt, facts, createdAt, expiresAt };
    const outpoints = made.inputs.map(({ outpoint }) => outpoint);
    try {
      store.transaction(() => {
        store.drafts.createDraft(draft, outpoints, this.#draftOf(replaces)?.id);
        this.#takeChangeAddress(made);
      });
    } catch (error) {
      if (error instanceof OutpointReservedError) throw heldByAnother(error);
      throw error;
    }
    return this.find(id);
  }

  #send(id: string, signed: Psbt): PreparedPayment {
    const { store, wallet, clock, signatures, mempool, submit } = this.#needs;
    checkSpentOutputs(signed, (outpoint) => mempool.findOutput(outpoint));
    const raw = finalizePsbt(signed, signatures);
    const tx = decodeAll(raw, decodeTransaction);
    const { replaces } = this.find(id);
    store.transaction(() => {
      store.drafts.markSent(id, tx.txid, raw);
      store.kept.put(wallet, {
        txid: tx.txid,
        raw,
        isOwn: true,
        firstSeen: clock.now(),
        replaces: replaces ?? undefined,
      });
    });

    const verdict = submit(tx);
    if (verdict.status === "rejected") {
      store.transaction(() => {
        store.drafts.closeDraft(id, "failed");
        store.kept.delete(wallet, tx.txid);
      });
      throw verdict.error;
    }
    const replaced = this.#draftOf(replaces ?? undefined);
    // From now on it is this one that is sent again.
    if (replaced?.isLive === true) store.drafts.settle(replaced.id);
    return this.find(id);
  }

  #draftOf(txid: Txid | undefined): Draft | undefined {
    if (txid === undefined) return undefined;
    return this.#needs.store.drafts
      .unsettledSends()
      .find((draft) => draft.txid === txid && draft.wallet === this.#needs.wallet);
  }

  #get(id: string): Draft {
    const { store, wallet, clock } = this.#needs;
    store.drafts.expireDrafts(clock.now());
    const draft = store.drafts.findDraft(id);
    if (draft?.wallet === wallet) return draft;
    throw new WalletError("draft-not-found", "this wallet has no such payment", { id });
  }

  #view(draft: Draft): PreparedPayment {
    const { id, state, psbt, createdAt, expiresAt, txid, clientId } = draft;
    const facts = parseJson(draft.facts) as unknown as DraftFacts;
    return { ...facts, id, state, psbt, createdAt, expiresAt, txid, clientId };
  }

  #coins(): SpendableCoin[] {
    const coins = this.#needs.ledger.selectableCoins();
    return coins.filter(mayBeSpent).map((coin) => this.#spendable(coin));
  }

  #spendable({ outpoint, value, at, height, isOwnChange, ancestors }: WalletCoin): SpendableCoin {
    const { inputWeight } = this.#needs.account;
    const { script: scriptPubKey } = at;
    return { outpoint, value, scriptPubKey, inputWeight, height, isOwnChange, ancestors };
  }

  /** What of a waiting payment a replacement has to know. */
  #pending(txid: Txid): PendingPayment {
    const { mempool, addresses, ledger } = this.#needs;
    const entry = mempool.find(txid);
    if (entry === undefined || !ledger.isFromUs(entry.tx)) throw notOurs(txid);
    const { tx, fee, virtualSize, descendantFees } = entry;
    const inputs = tx.inputs.map(({ prevout }) => this.#coinAt(prevout));
    const outputs = tx.outputs.map(({ value, scriptPubKey }) => {
      const isChange = addresses.find(scriptPubKey)?.branch === 1;
      return { value, scriptPubKey, role: isChange ? "change" : "payment" } as const;
    });
    return {
      inputs,
      outputs,
      fee,
      virtualSize,
      descendantFees: descendantFees - fee,
      isPending: true,
    };
  }

  #coinAt(outpoint: Outpoint): SpendableCoin | undefined {
    const { mempool, addresses, account } = this.#needs;
    const coin = mempool.findOutput(outpoint);
    if (coin === undefined || addresses.find(coin.scriptPubKey) === undefined) return undefined;
    const { value, scriptPubKey, height } = coin;
    const isUnconfirmed = mempool.find(outpoint.txid) !== undefined;
    const { inputWeight } = account;
    return {
      outpoint,
      value,
      scriptPubKey,
      inputWeight,
      height: isUnconfirmed ? undefined : height,
    };
  }

  /**
   * A new one; if too many were promised to payments that were never sent, the first of those again:
   * what goes to one beyond the gap would not be found by a restored wallet.
   */
  #changeAddress(): WalletAddress {
    const { addresses } = this.#needs;
    const index = addresses.nextIndex(1) ?? addresses.firstUnused(1);
    return addresses.at(1, Math.min(index, MAX_BRANCH_ADDRESSES - 1));
  }

  /** An address once shown in a payment is not used for another, even if this one is never sent. */
  #takeChangeAddress({ change }: PaymentPlan): void {
    const { addresses, store, wallet } = this.#needs;
    const at = change && addresses.find(change.scriptPubKey);
    if (at?.branch === 1 && at.index >= addresses.firstUnused(1)) {
      store.setNextIndex(wallet, 1, at.index + 1);
    }
  }

  #psbtOf({ inputs, outputs, lockTime }: PaymentPlan): Uint8Array {
    const psbt = createPsbt({
      version: PLAN_VERSION,
      lockTime,
      inputs: inputs.map(({ outpoint, value, scriptPubKey }) => ({
        outpoint,
        value,
        scriptPubKey,
        sequence: REPLACEABLE_SEQUENCE,
        keys: this.#keysOf(scriptPubKey),
        ...this.#previousOf(outpoint),
      })),
      outputs: outputs.map(({ value, scriptPubKey }) => ({
        value,
        scriptPubKey,
        keys: this.#keysOf(scriptPubKey),
      })),
    });
    return encodePsbt(psbt);
  }

  /** Whole, where a signature does not commit to what is spent (BIP-0174). */
  #previousOf({ txid }: Outpoint): { previousTx?: Uint8Array } {
    const { account, readTransaction } = this.#needs;
    if (account.kind !== "pkh") return {};
    const tx = readTransaction(txid);
    return tx === undefined ? {} : { previousTx: encodeTransaction(tx) };
  }

  #keysOf(script: Uint8Array): KeyOrigin[] {
    const { addresses, account } = this.#needs;
    const at = addresses.find(script);
    return at === undefined ? [] : [account.derivationAt(at.branch, at.index)];
  }

  #factsOf(kind: DraftKind, plan: PaymentPlan, replaces: Txid | undefined) {
    const { addresses, prefixes } = this.#needs;
    const { fee, virtualSize, feerate, droppedChange, ancestorFee, algorithm } = plan;
    const outputs = plan.outputs.map(({ value, scriptPubKey, role }) => ({
      address: formatAddress(scriptPubKey, prefixes) ?? null,
      script: toHex(scriptPubKey),
      value,
      role,
    }));
    const paid = plan.outputs.filter(
      ({ scriptPubKey }) => addresses.find(scriptPubKey) === undefined,
    );
    return {
      kind,
      inputs: plan.inputs.map(({ outpoint, value, scriptPubKey }) => ({
        ...outpoint,
        value,
        address: formatAddress(scriptPubKey, prefixes) ?? "",
      })),
      outputs,
      fee,
      virtualSize,
      feerate,
      droppedChange,
      ancestorFee,
      algorithm,
      replaces: replaces ?? null,
      leaving: paid.reduce((sum, { value }) => sum + value, fee),
    };
  }
}

/** Whether others' unconfirmed coins are taken is for the plan to say. */
function mayBeSpent({ hold }: WalletCoin): boolean {
  return hold === undefined || hold === "unconfirmed";
}

/** Of everything that a signature commits to: the transaction, and what its inputs are worth. */
function digestOf(psbt: Psbt): string {
  const { version, lockTime, inputs, outputs } = describePsbt(psbt);
  return hashOf([
    version,
    lockTime,
    inputs.map(({ outpoint, sequence, spent }) => [outpoint, sequence, spent]),
    outputs.map(({ value, scriptPubKey }) => [value, scriptPubKey]),
  ]);
}

/** SHA-256 of a plain value in which bytes may stand. */
function hashOf(value: unknown): string {
  const text = JSON.stringify(value, (_, part) =>
    part instanceof Uint8Array ? toHex(part) : part,
  );
  return toHex(sha256(new TextEncoder().encode(text)));
}

function notOurs(txid: Txid): WalletError {
  return new WalletError(
    "not-a-payment-of-this-wallet",
    "no transaction of this wallet waits under this id",
    { txid },
  );
}

function heldByAnother({ outpoint, draftId }: OutpointReservedError): PaymentError {
  const key = outpointKey(outpoint);
  return new PaymentError("unknown-coin", `${key} is held for another payment: cancel that one`, {
    outpoint: key,
    draft: draftId,
  });
}

function notOpen({ id, state }: { readonly id: string; readonly state: string }): WalletError {
  return new WalletError("draft-not-open", `the payment is ${state}; prepare another`, {
    id,
    state,
  });
}
