/**
 * A payment of the wallet of this page: planned as a node's wallets plan theirs, and proven before it
 * is shown.
 *
 * The node only says which coins there are and what they are worth. For each, the transaction that
 * made it is fetched whole: its hash is the coin's own name, so that no amount can be made up. A
 * signature commits to these amounts as well (BIP-0143), and would be worth nothing with others.
 * Knows no private keys.
 */

import {
  type AddressPrefixes,
  createPsbt,
  decodeAll,
  decodeTransaction,
  equalBytes,
  formatAddress,
  fromHex,
  type KeyAccount,
  type PaymentPlan,
  type Psbt,
  PsbtError,
  parseAddress,
  planPayment,
  REPLACEABLE_SEQUENCE,
  type SpendableCoin,
} from "../wallet-engine.ts";
import { type Ask, inBatches, type WalletAddress, type WalletPicture } from "./scan.ts";

/** What somebody wants to pay. */
export interface PaymentOrder {
  readonly to: string;
  /** Sats, or everything. */
  readonly amount: number | "max";
  /** Sats per vbyte. */
  readonly feerate: number;
}

/** What a payment is planned with. */
export interface PaymentWorld {
  readonly account: KeyAccount;
  readonly prefixes: AddressPrefixes;
  readonly picture: WalletPicture;
  readonly tipHeight: number;
  /** Sats per vbyte that are relayed at least. */
  readonly minFeerate: number;
  readonly randomBelow: (limit: number) => number;
  readonly ask: Ask;
}

/** A payment that may be shown and signed. */
export interface ReadyPayment {
  readonly psbt: Psbt;
  readonly shown: ReturnType<typeof showPlan>;
}

const PLAN_VERSION = 2;

/**
 * Prepares a payment out of confirmed coins. AddressError, PaymentError, PsbtError if an amount is
 * not what the chain has, or as `ask` rejects.
 */
export async function preparePayment(
  { to, amount, feerate }: PaymentOrder,
  world: PaymentWorld,
): Promise<ReadyPayment> {
  const { account, prefixes, picture, tipHeight, minFeerate, randomBelow, ask } = world;
  const plan = planPayment({
    coins: spendableCoins(picture, account),
    recipients: [{ scriptPubKey: parseAddress(to.trim(), prefixes), amount }],
    feerate,
    changeScript: picture.next[1].script,
    minFeerate,
    lockTime: tipHeight,
    chance: { below: randomBelow },
  });
  const parents = await readParents(plan, ask);
  const keysOf = (script: Uint8Array) => {
    const at = findAddress(picture, script);
    return at === undefined ? [] : [account.derivationAt(at.branch, at.index)];
  };
  const psbt = createPsbt({
    version: PLAN_VERSION,
    lockTime: plan.lockTime,
    inputs: plan.inputs.map(({ outpoint, value, scriptPubKey }) => ({
      outpoint,
      value,
      scriptPubKey,
      sequence: REPLACEABLE_SEQUENCE,
      keys: keysOf(scriptPubKey),
      ...proofOf(parents, outpoint.txid),
    })),
    outputs: plan.outputs.map(({ value, scriptPubKey }) => ({
      value,
      scriptPubKey,
      keys: keysOf(scriptPubKey),
    })),
  });
  return { psbt, shown: showPlan(plan, world) };
}

/** Confirmed coins, mature and not spent by what waits. */
function spendableCoins({ coins }: WalletPicture, { inputWeight }: KeyAccount): SpendableCoin[] {
  return coins
    .filter(({ spendable, height }) => spendable && height !== null)
    .map(({ txid, vout, amount, height, at }) => ({
      outpoint: { txid, vout } as SpendableCoin["outpoint"],
      value: amount,
      scriptPubKey: at.script,
      inputWeight,
      height: height ?? undefined,
    }));
}

/** Fetches the transactions that made the coins, each checked by its hash and against the plan. */
async function readParents(
  { inputs }: PaymentPlan,
  ask: Ask,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const txids = [...new Set(inputs.map(({ outpoint }) => outpoint.txid))];
  const read = await inBatches(txids, async (txid) => {
    const { hex } = await ask<{ hex: string }>(`/api/transactions/${txid}/raw`);
    const bytes = fromHex(hex);
    const tx = decodeAll(bytes, decodeTransaction);
    for (const { outpoint, value, scriptPubKey } of inputs) {
      if (outpoint.txid !== txid) continue;
      const output = tx.txid === txid ? tx.outputs[outpoint.vout] : undefined;
      if (output?.value !== value || !equalBytes(output.scriptPubKey, scriptPubKey)) {
        throw new PsbtError("wrong-output", "the node told another amount than the chain has");
      }
    }
    return [txid, bytes] as const;
  });
  return new Map(read);
}

function proofOf(parents: ReadonlyMap<string, Uint8Array>, txid: string) {
  const previousTx = parents.get(txid);
  return previousTx === undefined ? {} : { previousTx };
}

function findAddress(picture: WalletPicture, script: Uint8Array): WalletAddress | undefined {
  return picture.addresses.find((address) => equalBytes(address.script, script));
}

function showPlan(plan: PaymentPlan, { prefixes, picture }: PaymentWorld) {
  const { inputs, outputs, fee, feerate, virtualSize, droppedChange, ancestorFee } = plan;
  const addressOf = (script: Uint8Array) => formatAddress(script, prefixes) ?? null;
  const leaving = outputs
    .filter(({ scriptPubKey }) => findAddress(picture, scriptPubKey) === undefined)
    .reduce((sum, { value }) => sum + value, fee);
  return {
    inputs: inputs.map(({ outpoint, value, scriptPubKey }) => ({
      ...outpoint,
      amount: value,
      address: addressOf(scriptPubKey) ?? "",
    })),
    outputs: outputs.map(({ value, scriptPubKey, role }) => ({
      address: addressOf(scriptPubKey),
      amount: value,
      role,
      name: null,
    })),
    fee,
    feerate,
    virtualSize,
    droppedChange,
    ancestorFee,
    replaces: null,
    leaving,
  };
}
