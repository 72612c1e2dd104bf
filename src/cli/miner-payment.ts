/**
 * Payments from the node's own mining key, whose file in the data folder is all the authority there
 * is.
 *
 * Signed here: the node is asked for the key's coins and handed a finished transaction. Planning,
 * signing and checking are the wallet's own.
 */

import { join } from "node:path";
import type { Network } from "../consensus/params.ts";
import { hash160 } from "../crypto/hash.ts";
import { publicKeyOf } from "../crypto/keys.ts";
import { toHex } from "../lib/bytes.ts";
import { JsonError, parseJson } from "../lib/json.ts";
import { findSetNetwork, networkFolder } from "../node/network-folder.ts";
import type { ValuesOf } from "../node/settings.ts";
import { SYSTEM_RANDOM } from "../node/system-random.ts";
import {
  AddressError,
  formatAddress,
  parseAddress,
  parseWif,
  scriptOf,
} from "../primitives/address.ts";
import { parseId, type Txid } from "../primitives/hash-id.ts";
import { PrivateFileError, readPrivateFile } from "../storage/private-file.ts";
import { type PaymentPlan, REPLACEABLE_SEQUENCE } from "../wallet/fund-payment.ts";
import { MINER_NAME } from "../wallet/keystore-file.ts";
import { inputWeightOf } from "../wallet/output-costs.ts";
import { PaymentError } from "../wallet/payment-error.ts";
import { planPayment } from "../wallet/payment-plan.ts";
import { createPsbt } from "../wallet/psbt.ts";
import { finalizePsbt } from "../wallet/psbt-signing.ts";
import type { SpendableCoin } from "../wallet/spendable-coin.ts";
import type { StatusAnswer, SubmitAnswer } from "./api-answers.ts";
import { type ApiClient, localConfigOf, RefusedError } from "./api-client.ts";
import { CommandError } from "./command.ts";
import { agree, type ConfirmContext, printSent } from "./confirm-payment.ts";
import { listWallets } from "./list-wallets.ts";
import { printPayment } from "./show-payment.ts";
import type {
  AddressUtxosAnswer,
  ContactAnswer,
  FeesAnswer,
  PaymentPreview,
  WalletAnswer,
} from "./wallet-answers.ts";
import { type FEE_OPTIONS, walletPath } from "./wallet-options.ts";

/** Whom to pay. */
export interface MinerRecipient {
  /** An address, or the name of a contact or wallet. */
  readonly to: string;
  readonly amount: number | "max";
}

/** Wishes for a payment from the mining key. */
export type MinerPaymentOptions = ConfirmContext["options"] &
  ValuesOf<typeof FEE_OPTIONS> & { readonly subtractFee?: boolean };

const KEY_FILE_NAME = "payout-key.json";
const MAX_KEY_FILE_BYTES = 4_096;

/** Pages of a hundred coins: more coins than one transaction holds. */
const MAX_PAGES = 50;

const PSBT_VERSION = 2;

interface Payee {
  readonly address: string;
  readonly name: string | null;
  readonly scriptPubKey: Uint8Array;
}

/** Plans, shows, signs and sends a payment from the mining key; returns its txid. */
export async function payFromMiner(
  context: Omit<ConfirmContext, "options"> & { readonly options: MinerPaymentOptions },
  client: ApiClient,
  recipients: readonly MinerRecipient[],
): Promise<string> {
  const { options, terminal, world } = context;
  const config = localConfigOf(options, world);
  const network = findSetNetwork(config);
  const { value: status } = await client.get<StatusAnswer>("/api/status");
  if (status.genesis !== network.genesis.hash) {
    throw new CommandError(
      `the node is of network ${status.network}, the mining key would be that of ${network.name}`,
    );
  }

  const key = readMiningKey(join(networkFolder(config), KEY_FILE_NAME), network);
  const ownScript = scriptOf({
    type: "p2wpkh",
    witnessVersion: 0,
    program: hash160(publicKeyOf(key)),
  });
  const payees: Payee[] = [];
  for (const { to } of recipients) payees.push(await resolvePayee(client, to, network));
  const { value: fees } = await client.get<FeesAnswer>("/api/fees");
  const coins = await readCoins(client, ownScript, network);
  const plan = orRefuse(() =>
    planPayment({
      coins,
      recipients: payees.map(({ scriptPubKey }, index) => ({
        scriptPubKey,
        amount: recipients[index]?.amount ?? 0,
      })),
      feerate: options.feerate ?? estimateFor(options.target, fees),
      changeScript: ownScript,
      minFeerate: fees.minFeerate,
      lockTime: status.height,
      chance: SYSTEM_RANDOM,
      isForced: options.force,
      ...(options.subtractFee && { subtractFeeFrom: [...recipients.keys()] }),
    }),
  );

  if (!options.json) printPayment(terminal, MINER_NAME, previewOf(plan, payees));
  await agree(context);
  const hex = toHex(sign(plan, key));
  key.fill(0);
  const { text, value } = await client.post<SubmitAnswer>("/api/transactions", { hex });
  if (options.json) terminal.printRaw(text);
  else printSent(terminal, value.txid);
  return value.txid;
}

function readMiningKey(file: string, network: Network): Uint8Array {
  try {
    const content = parseJson(readPrivateFile(file, MAX_KEY_FILE_BYTES)) as {
      wif?: unknown;
    } | null;
    return parseWif(String(content?.wif), network.addressPrefixes);
  } catch (cause) {
    throw new CommandError(`${file}: ${describeKeyProblem(cause)}`, { cause });
  }
}

function describeKeyProblem(cause: unknown): string {
  if (cause instanceof PrivateFileError) {
    switch (cause.code) {
      case "not-found":
        return "the node of this machine has no mining key of its own there";
      case "not-private":
        return "others may read this key; chmod 600 makes it yours alone";
      case "too-large":
        return "this is no file of a mining key";
    }
  }
  if (cause instanceof AddressError || cause instanceof JsonError) return "there is no key in it";
  throw cause;
}

async function resolvePayee(client: ApiClient, to: string, network: Network): Promise<Payee> {
  try {
    const scriptPubKey = parseAddress(to, network.addressPrefixes);
    return { address: to, name: null, scriptPubKey };
  } catch (cause) {
    if (!(cause instanceof AddressError)) throw cause;
    const address = await findAddress(client, to);
    if (address === undefined) {
      const named = JSON.stringify(to.slice(0, 100));
      throw new CommandError(`${named} is no contact, no wallet, and: ${cause.message}`, { cause });
    }
    return { address, name: to, scriptPubKey: parseAddress(address, network.addressPrefixes) };
  }
}

/** The address of a contact, or of a wallet of the node. */
async function findAddress(client: ApiClient, name: string): Promise<string | undefined> {
  try {
    const path = `/api/contacts/${encodeURIComponent(name)}`;
    return (await client.getOwn<ContactAnswer>(path)).value.address;
  } catch (error) {
    if (!(error instanceof RefusedError) || error.code !== "contact-not-found") throw error;
  }
  if (!(await listWallets(client)).value.some((wallet) => wallet.name === name)) return undefined;
  const { value } = await client.getOwn<WalletAnswer>(walletPath(name));
  return value.receiveAddress ?? undefined;
}

/** Coins that are confirmed and mature, and not spent by what waits. */
async function readCoins(
  client: ApiClient,
  script: Uint8Array,
  network: Network,
): Promise<SpendableCoin[]> {
  const address = formatAddress(script, network.addressPrefixes);
  const coins: SpendableCoin[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = new URLSearchParams({ limit: "100", ...(cursor !== null && { cursor }) });
    const path = `/api/addresses/${address}/utxos?${query}`;
    const { value }: { value: AddressUtxosAnswer } = await client.get(path);
    for (const { txid, vout, amount, height, spendable } of value.utxos) {
      const id = parseId<Txid>(txid);
      if (!spendable || height === null || id === undefined) continue;
      coins.push({
        outpoint: { txid: id, vout },
        value: amount,
        scriptPubKey: script,
        inputWeight: inputWeightOf("p2wpkh"),
        height,
      });
    }
    cursor = value.cursor;
    if (cursor === null) break;
  }
  return coins;
}

function estimateFor(target: string, { minFeerate, estimates }: FeesAnswer): number {
  const estimate = estimates.find(({ blocks }) => String(blocks) === target);
  // A feerate has three decimals; rounded up, since one below the least is not relayed.
  return Math.ceil(Math.max(minFeerate, estimate?.feerate ?? 0) * 1_000) / 1_000;
}

/** The transaction's bytes, proven against our own interpreter. */
function sign({ inputs, outputs, lockTime }: PaymentPlan, key: Uint8Array): Uint8Array {
  const psbt = createPsbt({
    version: PSBT_VERSION,
    lockTime,
    inputs: inputs.map(({ outpoint, value, scriptPubKey }) => ({
      outpoint,
      value,
      scriptPubKey,
      sequence: REPLACEABLE_SEQUENCE,
      keys: [],
    })),
    outputs,
  });
  psbt.sign(key);
  return finalizePsbt(psbt);
}

function previewOf(plan: PaymentPlan, payees: readonly Payee[]): PaymentPreview {
  const { outputs, fee, feerate, virtualSize, droppedChange, ancestorFee } = plan;
  let next = 0;
  const shown = outputs.map(({ value, role }) => {
    const payee = role === "payment" ? payees[next++] : undefined;
    return { amount: value, role, address: payee?.address ?? null, name: payee?.name ?? null };
  });
  const change = plan.change?.value ?? 0;
  const leaving = plan.inputs.reduce((sum, coin) => sum + coin.value, 0) - change;
  const facts = { fee, feerate, virtualSize, droppedChange, ancestorFee };
  return { ...facts, outputs: shown, replaces: null, leaving };
}

function orRefuse<Result>(plan: () => Result): Result {
  try {
    return plan();
  } catch (cause) {
    if (!(cause instanceof PaymentError)) throw cause;
    throw new CommandError(`${cause.message} (${cause.code})`, { cause });
  }
}
