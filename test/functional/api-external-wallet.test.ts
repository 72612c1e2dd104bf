/**
 * Payments made and signed by @scure/btc-signer: accepted, mined, and shown as they are; and refused
 * when any one byte of them is changed.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ExternalWallet, type WalletCoin } from "../support/external-wallet.ts";
import {
  type RunningApi,
  type RunningNode,
  startTestApi,
  startTestNode,
} from "../support/test-node.ts";

const FEE = 1_500;
const SUBSIDY = 5_000_000_000;

describe.each(["regtest", "wallets"])("on network %s", (network) => {
  let running: RunningNode;
  let api: RunningApi;
  let wallet: ExternalWallet;
  let other: ExternalWallet;
  const coins: WalletCoin[] = [];

  beforeAll(async () => {
    running = await startTestNode({ network });
    api = await startTestApi(running.node);
    const { addressPrefixes } = running.node.network;
    wallet = new ExternalWallet(0x11, addressPrefixes);
    other = new ExternalWallet(0x22, addressPrefixes);
    await post("/api/mine", { blocks: 110, address: wallet.address });
    for (let cursor: string | null = ""; cursor !== null; ) {
      const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const page: any = await get(`/api/addresses/${wallet.address}/utxos?limit=100${query}`);
      coins.push(...page.utxos.filter((coin: { spendable: boolean }) => coin.spendable));
      cursor = page.cursor;
    }
    expect(coins.length).toBe(11);
  });

  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await running[Symbol.asyncDispose]();
  });

  async function get(path: string) {
    const response = await api.fetch(path);
    return { httpStatus: response.status, ...((await response.json()) as any) };
  }

  async function post(path: string, body: unknown) {
    const response = await api.fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { httpStatus: response.status, ...((await response.json()) as any) };
  }

  const takeCoin = () => coins.shift() as WalletCoin;

  async function expectMined(txid: string, coin: WalletCoin, paid: number) {
    expect(await get(`/api/transactions/${txid}`)).toMatchObject({
      txid,
      status: "mempool",
      confirmations: 0,
      fee: FEE,
    });

    const { hashes } = await post("/api/mine", { blocks: 1 });
    const shown = await get(`/api/transactions/${txid}`);
    expect(shown).toMatchObject({
      status: "confirmed",
      confirmations: 1,
      blockHash: hashes[0],
      fee: FEE,
      inputs: [{ txid: coin.txid, vout: coin.vout, address: wallet.address, amount: coin.amount }],
      outputs: [
        { index: 0, address: other.address, amount: paid, spentBy: null },
        { index: 1, address: wallet.address, amount: coin.amount - paid - FEE, spentBy: null },
      ],
    });
    expect(shown.feerate).toBeCloseTo(FEE / shown.virtualSize, 2);

    await post("/api/mine", { blocks: 2 });
    expect((await get(`/api/transactions/${txid}`)).confirmations).toBe(3);
  }

  test("a mined coinbase is spent by raw hex, mined and shown", async () => {
    const coin = takeCoin();
    expect(coin.amount).toBe(SUBSIDY);
    const change = { address: wallet.address, amount: coin.amount - 123_456 - FEE };
    const { hex, txid } = wallet.pay(coin, [{ address: other.address, amount: 123_456 }, change]);
    expect(await post("/api/transactions", { hex })).toMatchObject({ httpStatus: 201, txid });
    await expectMined(txid, coin, 123_456);
  });

  test("the same in the JSON format, with the signature beside the key", async () => {
    const coin = takeCoin();
    const outputs = [
      { address: other.address, amount: 654_321 },
      { address: wallet.address, amount: coin.amount - 654_321 - FEE },
    ];
    const { txid, signature, publicKey, sequence } = wallet.pay(coin, outputs);
    const input = {
      tx_id: coin.txid,
      output_index: coin.vout,
      public_key: publicKey,
      signature,
      sequence,
    };
    const submission = { id: txid, inputs: [input], outputs };
    expect(await post("/api/transactions", submission)).toMatchObject({ httpStatus: 201, txid });
    await expectMined(txid, coin, 654_321);
  });

  test("an id that is not the transaction's is refused", async () => {
    const coin = takeCoin();
    const outputs = [{ address: other.address, amount: coin.amount - FEE }];
    const { signature, publicKey, sequence } = wallet.pay(coin, outputs);
    const input = {
      tx_id: coin.txid,
      output_index: coin.vout,
      public_key: publicKey,
      signature,
      sequence,
    };
    const submission = { id: "00".repeat(32), inputs: [input], outputs };
    const answer = await post("/api/transactions", submission);
    expect(answer.httpStatus).toBeGreaterThanOrEqual(400);
    expect(answer.code).toBe("bad-transaction-id");
  });

  test("a coinbase spent too early is refused with the numbers", async () => {
    const { utxos } = await get(`/api/addresses/${wallet.address}/utxos?limit=100`);
    const young = utxos.find((coin: any) => coin.coinbase && !coin.spendable);
    const outputs = [{ address: other.address, amount: young.amount - FEE }];
    const { hex } = wallet.pay(young, outputs);
    const answer = await post("/api/transactions", { hex });
    expect(answer).toMatchObject({ code: "bad-txns-premature-spend-of-coinbase", needed: 100 });
    expect(answer.hint).toBeString();
  });

  test("spent twice, the second is refused in the mempool and after its block", async () => {
    const coin = takeCoin();
    const first = wallet.pay(coin, [{ address: other.address, amount: coin.amount - 2 * FEE }]);
    const second = wallet.pay(coin, [{ address: other.address, amount: coin.amount - FEE }]);
    expect((await post("/api/transactions", { hex: first.hex })).httpStatus).toBe(201);
    expect((await post("/api/transactions", { hex: second.hex })).code).toBe("insufficient-fee");
    await post("/api/mine", { blocks: 1 });
    const answer = await post("/api/transactions", { hex: second.hex });
    expect(["missing-inputs", "bad-txns-inputs-missingorspent"]).toContain(answer.code);
  });

  test("with any one byte changed it is refused, with the code for what that byte is", async () => {
    const coin = takeCoin();
    const outputs = [{ address: other.address, amount: coin.amount - FEE }];
    const { hex } = wallet.pay(coin, outputs);
    const bytes = Uint8Array.fromHex(hex);
    expect((await post("/api/transactions/test", { hex })).status).toBe("accepted");

    for (let index = 0; index < bytes.length; index++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = bytes.slice();
        changed[index] = (changed[index] as number) ^ flip;
        const answer = await post("/api/transactions/test", { hex: changed.toHex() });
        const code = answer.refusal?.code ?? answer.code;
        const allowed = codesFor(index, bytes);
        if (!allowed.includes(code)) {
          throw new Error(
            `byte ${index} ^ ${flip}: ${code} ${answer.status}, not one of ${allowed}`,
          );
        }
      }
    }
  });
});

const DECODE = ["tx-decode-failed"];
const SCRIPT = ["script-verify-failed"];
const MISSING = ["missing-inputs", "bad-txns-inputs-missingorspent"];
const AMOUNTS = [
  "bad-txns-vout-negative",
  "bad-txns-vout-toolarge",
  "bad-txns-in-belowout",
  "dust",
  "max-fee-exceeded",
];

/** What may be wrong with a one-input, one-output P2WPKH payment when byte `index` is changed. */
function codesFor(index: number, { length }: Uint8Array): string[] {
  if (index < 4) return [...SCRIPT, "version"];
  if (index < 7) return DECODE; // Marker, flag, number of inputs.
  if (index < 43) return MISSING; // Outpoint.
  if (index < 44) return [...DECODE, ...SCRIPT]; // Length of the empty script.
  if (index < 48) return [...SCRIPT, "non-bip68-final"]; // Sequence.
  if (index < 49) return DECODE; // Number of outputs.
  if (index < 57) return [...AMOUNTS, ...SCRIPT, ...DECODE];
  if (index < 58) return [...DECODE, ...SCRIPT]; // Length of the output's script.
  if (index < 80) return [...SCRIPT, "scriptpubkey", "dust"];
  // A lock time that was moved makes the signature wrong, or is looked at before it.
  if (index >= length - 4) return [...SCRIPT, "non-final"];
  return [...SCRIPT, ...DECODE, "bad-witness-nonstandard"]; // Witness.
}
