/**
 * A wallet that is not ours: keys, addresses and signatures by @scure/btc-signer.
 *
 * Shares nothing with src/ but the network's prefixes, which it must be told.
 */

import { hex } from "@scure/base";
import { p2wpkh, Transaction } from "@scure/btc-signer";
import { pubECDSA } from "@scure/btc-signer/utils.js";
import type { AddressPrefixes } from "../../src/primitives/address.ts";

/** A coin of the wallet. */
export interface WalletCoin {
  readonly txid: string;
  readonly vout: number;
  readonly amount: number;
}

/** Somebody to pay, in sats. */
export interface WalletPayment {
  readonly address: string;
  readonly amount: number;
}

/** What a signature of the wallet is made of, for the API's JSON format. */
export interface SignedParts {
  readonly hex: string;
  readonly txid: string;
  readonly signature: string;
  readonly publicKey: string;
  readonly sequence: number;
}

/** A wallet of one P2WPKH key. */
export class ExternalWallet {
  readonly address: string;
  readonly #privateKey: Uint8Array;
  readonly #network: { bech32: string; pubKeyHash: number; scriptHash: number; wif: number };
  readonly #script: Uint8Array;

  constructor(fill: number, prefixes: AddressPrefixes) {
    this.#privateKey = new Uint8Array(32).fill(fill);
    this.#network = {
      bech32: prefixes.bech32,
      pubKeyHash: prefixes.p2pkh,
      scriptHash: prefixes.p2sh,
      wif: prefixes.wif,
    };
    const payment = p2wpkh(pubECDSA(this.#privateKey), this.#network);
    this.address = payment.address ?? "";
    this.#script = payment.script;
  }

  /** Returns a signed transaction that spends `coin` to `payments`; what is left is the fee. */
  pay(coin: WalletCoin, payments: readonly WalletPayment[]): SignedParts {
    const tx = new Transaction();
    tx.addInput({
      txid: coin.txid,
      index: coin.vout,
      witnessUtxo: { script: this.#script, amount: BigInt(coin.amount) },
      sequence: 0xfffffffd,
    });
    for (const { address, amount } of payments) {
      tx.addOutputAddress(address, BigInt(amount), this.#network);
    }
    tx.sign(this.#privateKey);
    tx.finalize();
    const [signature, publicKey] = tx.getInput(0).finalScriptWitness ?? [];
    return {
      hex: hex.encode(tx.extract()),
      txid: tx.id,
      signature: hex.encode((signature as Uint8Array).slice(0, -1)),
      publicKey: hex.encode(publicKey as Uint8Array),
      sequence: 0xfffffffd,
    };
  }
}
