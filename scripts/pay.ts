#!/usr/bin/env bun
/**
 * Pays from the node's own mining key with a wallet library that is not ours, over the public API.
 *
 * An example to copy from: everything a wallet needs of a node is an address's coins and a place to
 * post the signed transaction. Run it as `bun scripts/pay.ts ADDRESS COINS`.
 */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { hex } from "@scure/base";
import { p2wpkh, Transaction, WIF } from "@scure/btc-signer";
import { publicKeyOf } from "../src/crypto/keys.ts";
import { parseCoins } from "../src/primitives/amount.ts";

/** The network `cairn` in the words of @scure/btc-signer. */
const CAIRN = { bech32: "crn", pubKeyHash: 28, scriptHash: 87, wif: 156 };

const FEE_SATS = 1_000n;

interface Coin {
  readonly txid: string;
  readonly vout: number;
  readonly amount: number;
  readonly spendable: boolean;
}

const [recipient, coinsText] = process.argv.slice(2);
const amount = parseCoins(coinsText ?? "");
if (recipient === undefined || amount === undefined) {
  console.error("usage: bun scripts/pay.ts ADDRESS COINS   (like crn1... 1.5)");
  process.exit(2);
}

const url = process.env.CAIRN_URL ?? "http://127.0.0.1:8080";
const share = process.env.XDG_DATA_HOME ?? join(homedir(), ".local", "share");
const folder = join(process.env.CAIRN_DATA ?? join(share, "cairn"), "cairn");
const { wif } = JSON.parse(readFileSync(join(folder, "payout-key.json"), "utf8"));
const privateKey = WIF(CAIRN).decode(wif);
const payment = p2wpkh(publicKeyOf(privateKey), CAIRN);

const tx = new Transaction();
let missing = BigInt(amount) + FEE_SATS;
for (const coin of await listCoins(payment.address ?? "")) {
  if (missing <= 0n) break;
  const witnessUtxo = { script: payment.script, amount: BigInt(coin.amount) };
  tx.addInput({ txid: coin.txid, index: coin.vout, witnessUtxo });
  missing -= BigInt(coin.amount);
}
if (missing > 0n) {
  console.error("not enough spendable coins yet: a mined coin can be spent after 100 blocks");
  process.exit(1);
}
tx.addOutputAddress(recipient, BigInt(amount), CAIRN);
if (missing < 0n) tx.addOutputAddress(payment.address ?? "", -missing, CAIRN);
tx.sign(privateKey);
tx.finalize();

const answer = await fetch(`${url}/api/transactions`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ hex: hex.encode(tx.extract()) }),
});
const result = await answer.json();
console.log(answer.ok ? result.txid : `${result.code}: ${result.detail}`);
process.exit(answer.ok ? 0 : 1);

/** Coins of `address` that can be spent now. */
async function listCoins(address: string): Promise<Coin[]> {
  const coins: Coin[] = [];
  for (let page = ""; ; ) {
    const response = await fetch(`${url}/api/addresses/${address}/utxos?limit=100${page}`);
    const answer = (await response.json()) as { utxos: Coin[]; cursor: string | null };
    coins.push(...answer.utxos.filter(({ spendable }) => spendable));
    if (answer.cursor === null) return coins;
    page = `&cursor=${answer.cursor}`;
  }
}
