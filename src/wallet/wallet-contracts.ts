/**
 * Contracts of a wallet on the chain: kept, watched, spent from together with the other parties.
 *
 * What a contract is and what its scripts ask for is written in contract.ts and beside it; this is
 * where it meets a wallet's keys and the chain's coins. Parties exchange PSBTs in whatever way they
 * like.
 */

import { medianTimePast } from "../consensus/difficulty.ts";
import { equalBytes, toHex } from "../lib/bytes.ts";
import { parseJson } from "../lib/json.ts";
import { MAX_PAGE_ROWS, type Page, type PageRequest, slicePage } from "../lib/paging.ts";
import type { MempoolVerdict } from "../mempool/mempool.ts";
import { formatAddress } from "../primitives/address.ts";
import type { Outpoint, Transaction } from "../primitives/transaction.ts";
import type { Contract as StoredContract } from "../storage/contract-store.ts";
import type { ContractAccount } from "./account.ts";
import { type Contract, type ContractBranch, getBranch } from "./contract.ts";
import { ContractError } from "./contract-error.ts";
import type { LockMoment } from "./contract-lock.ts";
import {
  type ContractSpendView,
  combineContractPsbts,
  findPreimage,
  finishContractSpend,
  makeContractSpend,
  signContractPsbt,
  viewContractSpend,
} from "./contract-spend.ts";
import { makeContract } from "./contract-templates.ts";
import { type BranchView, describeBranch } from "./contract-words.ts";
import { formatDescriptor } from "./descriptor-checksum.ts";
import type { Wallet } from "./wallet.ts";
import { GAP_LIMIT } from "./wallet-addresses.ts";
import { WalletError } from "./wallet-error.ts";
import type { Authority, Wallets, WalletsNeeds } from "./wallets.ts";

/** A public key to bring to a contract. */
export interface ContractKey {
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
  readonly path: readonly number[];
  readonly index: number;
}

/** A coin that lies in a contract. */
export interface ContractCoinView {
  readonly outpoint: Outpoint;
  /** Sats. */
  readonly value: number;
  /** Undefined while it waits. */
  readonly height: number | undefined;
  readonly isSpent: boolean;
}

/** A branch, and how it stands for the coin that is spendable last. */
export interface ContractBranchView extends BranchView {
  readonly branch: ContractBranch;
  /** Hex of the keys that are this wallet's. */
  readonly ownKeys: readonly string[];
}

/** A contract as its wallet sees it. */
export interface WalletContract {
  readonly contract: Contract;
  readonly address: string;
  /** With its checksum. */
  readonly descriptor: string;
  readonly label: string;
  readonly createdAt: number;
  readonly coins: readonly ContractCoinView[];
  /** Sats in coins that are not spent. */
  readonly balance: number;
  readonly branches: readonly ContractBranchView[];
  /** The secret of its hash, once somebody's spending has shown it. */
  readonly preimage: Uint8Array | undefined;
}

/** A spend on its way from party to party. */
export interface ContractSpendState {
  readonly psbt: Uint8Array;
  readonly added: number;
  readonly view: ContractSpendView;
}

/** What is spent, by which branch, and where it goes. */
export interface ContractSpendRequest {
  readonly branch: string;
  readonly scriptPubKey: Uint8Array;
  /** Sats per vbyte. */
  readonly feerate: number;
  readonly preimage?: Uint8Array | undefined;
}

/** The branch of `branches` in wallets.db that counts keys for contracts. */
const CONTRACT_BRANCH = 2;

/** Keys for contracts that one wallet can have handed out and still finds again. */
export const MAX_CONTRACT_KEYS = 5_000;

type Needs = Pick<
  WalletsNeeds,
  "store" | "explorer" | "waiting" | "mempool" | "chain" | "network" | "clock" | "readTransaction"
> & {
  readonly wallets: Pick<Wallets, "get" | "withContractKey">;
  readonly submit: (tx: Transaction) => MempoolVerdict;
};

export class WalletContracts {
  readonly #needs: Needs;
  /** Public keys in hex, with their indexes, by wallet. */
  readonly #derived = new Map<string, Map<string, number>>();

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Hands out a key of a wallet that no contract has yet; WalletError for one that only watches. */
  newKey(name: string): ContractKey {
    const { store } = this.#needs;
    const wallet = this.#needs.wallets.get(name);
    const account = contractAccountOf(wallet);
    const index = store.nextIndex(wallet.id, CONTRACT_BRANCH);
    if (index >= MAX_CONTRACT_KEYS) {
      throw new WalletError("gap-limit", `a wallet has ${MAX_CONTRACT_KEYS} keys for contracts`, {
        limit: MAX_CONTRACT_KEYS,
      });
    }
    const { publicKey, path } = account.key.originAt(0, index);
    store.setNextIndex(wallet.id, CONTRACT_BRANCH, index + 1);
    return { publicKey, path, index };
  }

  /** Makes a contract of its parameters and keeps it; ContractError if there is none of them. */
  create(name: string, template: string, parameters: unknown, label = ""): WalletContract {
    const { store, clock } = this.#needs;
    const wallet = this.#needs.wallets.get(name);
    const contract = makeContract(template, parameters, this.#blockSeconds());
    const address = this.#addressOf(contract);
    store.contracts.put({
      wallet: wallet.id,
      address,
      template: contract.template,
      parameters: JSON.stringify(contract.parameters),
      label,
      createdAt: clock.now(),
    });
    return this.get(name, address);
  }

  /** Newest first. */
  list(name: string, page: PageRequest): Page<WalletContract> {
    const wallet = this.#needs.wallets.get(name);
    const { rows, nextCursor } = slicePage(this.#needs.store.contracts.list(wallet.id), page);
    return { rows: rows.map((stored) => this.#view(wallet, stored)), nextCursor };
  }

  /** WalletError if the wallet has no contract of that address. */
  get(name: string, address: string): WalletContract {
    const wallet = this.#needs.wallets.get(name);
    return this.#view(wallet, this.#stored(wallet, address));
  }

  /** Forgets a contract; its coins stay where they are, and the same parameters make it again. */
  remove(name: string, address: string): void {
    const wallet = this.#needs.wallets.get(name);
    this.#stored(wallet, address);
    this.#needs.store.contracts.delete(wallet.id, address);
  }

  /**
   * Makes a PSBT that spends all coins whose lock is open, and signs it as far as this wallet can if
   * there is leave to. WalletError "contract-has-no-coins" if nothing can be spent by that branch.
   */
  async spend(
    name: string,
    address: string,
    { branch: branchName, scriptPubKey, feerate, preimage }: ContractSpendRequest,
    authority: Authority | undefined,
    isToBeSigned: boolean,
  ): Promise<ContractSpendState & { readonly fee: number }> {
    const { contract, coins } = this.get(name, address);
    const branch = getBranch(contract, branchName);
    const open = coins.filter((coin) => !coin.isSpent && this.#isOpen(branch, coin));
    if (open.length === 0) {
      throw new WalletError(
        "contract-has-no-coins",
        `no coin of the contract can be spent by ${branchName} now`,
        { branch: branchName, coins: coins.filter(({ isSpent }) => !isSpent).length },
      );
    }
    const { psbt, fee } = makeContractSpend({
      contract,
      branch: branchName,
      coins: open,
      restTo: scriptPubKey,
      feerate,
      ...(preimage === undefined ? {} : { preimage }),
    });
    if (!isToBeSigned) return { psbt, fee, added: 0, view: viewContractSpend(contract, psbt) };
    return { fee, ...(await this.sign(name, address, psbt, branchName, authority)) };
  }

  /**
   * Adds the signatures of this wallet's keys to a PSBT of some party, whose amounts must be the
   * chain's. Without a branch, the one that the PSBT was made for.
   */
  async sign(
    name: string,
    address: string,
    psbt: Uint8Array,
    branchName: string | undefined,
    authority: Authority | undefined,
  ): Promise<ContractSpendState> {
    const wallet = this.#needs.wallets.get(name);
    const { contract } = this.get(name, address);
    const { unsigned, values } = this.#checkedView(contract, psbt);
    const branch = this.#meantBranch(contract, psbt, branchName);
    const keys = this.#ownKeys(wallet, branch);
    if (keys.size === 0) {
      throw new WalletError(
        "key-not-of-this-wallet",
        `no key of ${branch.name} is of the wallet ${name}`,
        { branch: branch.name },
      );
    }
    const leaving = values.reduce((sum, value) => sum + value, 0);
    let signed = psbt;
    let added = 0;
    for (const index of keys.values()) {
      const before = signed;
      signed = await this.#needs.wallets.withContractKey(
        name,
        index,
        // The first signature is what gives the coins away.
        added === 0 ? leaving : 0,
        authority,
        (privateKey) => signContractPsbt(contract, branch.name, before, privateKey),
      );
      added += unsigned.inputs.length;
    }
    return { psbt: signed, added, view: viewContractSpend(contract, signed) };
  }

  /** Returns one PSBT with everybody's signatures, and how far it is. */
  combine(name: string, address: string, psbts: readonly Uint8Array[]): ContractSpendState {
    const { contract } = this.get(name, address);
    const psbt = combineContractPsbts(contract, psbts);
    return { psbt, added: 0, view: viewContractSpend(contract, psbt) };
  }

  /** Makes the transaction of enough signatures and sends it; RuleError if it is refused. */
  finish(
    name: string,
    address: string,
    psbts: readonly Uint8Array[],
    { branch, preimage }: { branch?: string | undefined; preimage?: Uint8Array | undefined },
  ): Transaction {
    const { contract } = this.get(name, address);
    const [first] = psbts;
    if (first === undefined) throw new ContractError("spend-psbt-malformed", "there is no PSBT");
    for (const psbt of psbts) this.#checkedView(contract, psbt);
    const { name: branchName } = this.#meantBranch(contract, first, branch);
    const tx = finishContractSpend(contract, branchName, psbts, preimage);
    const verdict = this.#needs.submit(tx);
    if (verdict.status === "rejected") throw verdict.error;
    return tx;
  }

  #stored(wallet: Wallet, address: string): StoredContract {
    const stored = this.#needs.store.contracts.find(wallet.id, address);
    if (stored !== undefined) return stored;
    throw new WalletError("contract-not-found", `the wallet has no contract at ${address}`, {
      address,
    });
  }

  #view(wallet: Wallet, stored: StoredContract): WalletContract {
    const { address, template, label, createdAt } = stored;
    const contract = makeContract(template, parseJson(stored.parameters), this.#blockSeconds());
    const coins = this.#coins(contract, address);
    const unspent = coins.filter(({ isSpent }) => !isSpent);
    // The coin that is spendable last: all of them are then.
    const last = unspent.reduce<ContractCoinView | undefined>(
      (latest, coin) => (heightOf(coin) > heightOf(latest) ? coin : (latest ?? coin)),
      undefined,
    );
    return {
      contract,
      address,
      descriptor: formatDescriptor(contract.descriptor),
      label,
      createdAt,
      coins,
      balance: unspent.reduce((sum, { value }) => sum + value, 0),
      branches: contract.branches.map((branch) => ({
        ...describeBranch(branch, this.#momentOf(last), this.#blockSeconds()),
        branch,
        ownKeys: [...this.#ownKeys(wallet, branch).keys()],
      })),
      preimage: this.#findPreimage(contract, address),
    };
  }

  #coins({ scriptPubKey }: Contract, address: string): ContractCoinView[] {
    const { explorer, waiting, mempool } = this.#needs;
    const confirmed = explorer.listCoins([address], { limit: MAX_PAGE_ROWS }).rows.map((row) => ({
      outpoint: { txid: row.txid, vout: row.vout },
      value: row.value,
      height: row.height,
    }));
    const unconfirmed = waiting
      .find(scriptPubKey)
      .flatMap(({ entry: { tx } }) =>
        tx.outputs.flatMap((output, vout) =>
          equalBytes(output.scriptPubKey, scriptPubKey)
            ? [{ outpoint: { txid: tx.txid, vout }, value: output.value, height: undefined }]
            : [],
        ),
      );
    return [...unconfirmed, ...confirmed].map((coin) => ({
      ...coin,
      isSpent: mempool.findSpender(coin.outpoint) !== undefined,
    }));
  }

  #isOpen(branch: ContractBranch, coin: ContractCoinView): boolean {
    return describeBranch(branch, this.#momentOf(coin)).state.status === "open";
  }

  #momentOf(coin: ContractCoinView | undefined): LockMoment {
    const { chain } = this.#needs;
    const { tip } = chain;
    const moment = { height: tip.height, medianTime: medianTimePast(tip) };
    if (coin?.height === undefined) return moment;
    const before = chain.index.findActive(coin.height - 1);
    const coinTime = before === undefined ? undefined : medianTimePast(before);
    return { ...moment, coinHeight: coin.height, coinTime };
  }

  /** The secret, if a transaction that spent from the contract has shown it. */
  #findPreimage(contract: Contract, address: string): Uint8Array | undefined {
    if (contract.branches.every(({ hash }) => hash === undefined)) return undefined;
    const { explorer, waiting, readTransaction } = this.#needs;
    const waitingTxs = waiting.find(contract.scriptPubKey).map(({ entry }) => entry.tx);
    const confirmed = explorer
      .listHistory([address], { limit: MAX_PAGE_ROWS })
      .rows.filter(({ delta }) => delta < 0)
      .flatMap(({ txid }) => readTransaction(txid) ?? []);
    for (const tx of [...waitingTxs, ...confirmed]) {
      const preimage = findPreimage(contract, tx);
      if (preimage !== undefined) return preimage;
    }
    return undefined;
  }

  /** What a PSBT does; ContractError unless it spends coins of the contract for what they are. */
  #checkedView(contract: Contract, psbt: Uint8Array): ContractSpendView {
    const view = viewContractSpend(contract, psbt);
    for (const [index, { prevout }] of view.unsigned.inputs.entries()) {
      const coin = this.#needs.mempool.findOutput(prevout);
      const isAsSaid =
        coin !== undefined &&
        coin.value === view.values[index] &&
        equalBytes(coin.scriptPubKey, contract.scriptPubKey);
      if (isAsSaid) continue;
      throw new ContractError("spend-psbt-foreign", `input ${index} is no coin of the contract`, {
        input: index,
      });
    }
    return view;
  }

  #meantBranch(contract: Contract, psbt: Uint8Array, name: string | undefined): ContractBranch {
    if (name !== undefined) return getBranch(contract, name);
    const possible = viewContractSpend(contract, psbt).branches.filter(
      ({ isLockMet }) => isLockMet,
    );
    // Signatures tell, where the lock alone does not.
    const signed = possible.filter(({ signed: names }) => names.length > 0);
    const meant = signed.length === 1 ? signed[0] : possible[0];
    if (meant === undefined || (possible.length > 1 && signed.length !== 1)) {
      const names = contract.branches.map((branch) => branch.name);
      throw new ContractError("spend-branch-unknown", `say which branch: ${names.join(" or ")}`, {
        branches: names,
      });
    }
    return getBranch(contract, meant.name);
  }

  /** This wallet's keys of a branch, in hex, with their indexes. */
  #ownKeys(wallet: Wallet, branch: ContractBranch): ReadonlyMap<string, number> {
    const { contractAccount } = wallet;
    const found = new Map<string, number>();
    if (contractAccount === undefined) return found;
    const wanted = new Set(branch.parties.map(({ publicKey }) => toHex(publicKey)));
    for (const [key, index] of this.#keysOf(wallet, contractAccount)) {
      if (wanted.has(key)) found.set(key, index);
    }
    return found;
  }

  /** All keys that a wallet may have handed out, also before it was restored here. */
  #keysOf({ id }: Wallet, { key }: ContractAccount): ReadonlyMap<string, number> {
    const known = this.#derived.get(id) ?? new Map<string, number>();
    const end = this.#needs.store.nextIndex(id, CONTRACT_BRANCH) + GAP_LIMIT;
    for (let index = known.size; index < end; index++) {
      known.set(toHex(key.publicKeyAt(0, index)), index);
    }
    this.#derived.set(id, known);
    return known;
  }

  #addressOf({ scriptPubKey }: Contract): string {
    const address = formatAddress(scriptPubKey, this.#needs.network.addressPrefixes);
    if (address === undefined) throw new Error("a contract has no address");
    return address;
  }

  #blockSeconds(): number | undefined {
    return this.#needs.network.params.retarget?.spacingSeconds;
  }
}

/** A coin that waits is the youngest there can be. */
function heightOf(coin: ContractCoinView | undefined): number {
  if (coin === undefined) return -1;
  return coin.height ?? Number.POSITIVE_INFINITY;
}

function contractAccountOf(wallet: Wallet): ContractAccount {
  if (wallet.contractAccount !== undefined) return wallet.contractAccount;
  throw new WalletError("wallet-watch-only", `${wallet.name} only watches: it has no keys`, {
    name: wallet.name,
  });
}
