/**
 * Every route of the API against a real node with a mined chain, each answer held to the OpenAPI
 * document.
 *
 * One story: blocks are mined, coins mature, payments are made, tried, refused, confirmed, proven
 * and found again; a branch is left. What is refused for its form is in api-bad-input.test.ts.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { subsidyAt } from "../../src/consensus/subsidy.ts";
import { hash160 } from "../../src/crypto/hash.ts";
import { signEcdsa } from "../../src/crypto/keys.ts";
import { parseMinerTag } from "../../src/index/miner-tag.ts";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { decodeAll } from "../../src/lib/codec.ts";
import {
  completeTemplate,
  makeCandidate,
  makeMinedBlock,
} from "../../src/mining/block-template.ts";
import { formatAddress, scriptOf } from "../../src/primitives/address.ts";
import { decodeBlock, encodeBlock } from "../../src/primitives/block.ts";
import { hashHeader } from "../../src/primitives/block-header.ts";
import { idToHash, type Txid } from "../../src/primitives/hash-id.ts";
import { verifyMerkleProof } from "../../src/primitives/merkle.ts";
import {
  decodeTransaction,
  encodeTransaction,
  makeTransaction,
  type Transaction,
} from "../../src/primitives/transaction.ts";
import { legacySighash } from "../../src/script/legacy-sighash.ts";
import { createSighashCache } from "../../src/script/sighash.ts";
import { witnessV0Sighash } from "../../src/script/witness-sighash.ts";
import { CheckedClient } from "../support/checked-client.ts";
import { compactToDer, type PaymentKey, paymentKey, signPayment } from "../support/payments.ts";
import {
  type RunningApi,
  type RunningNode,
  startTestApi,
  startTestNode,
} from "../support/test-node.ts";

let running: RunningNode;
let api: RunningApi;
let client: CheckedClient;
let key: PaymentKey;
let address: string;

beforeAll(async () => {
  running = await startTestNode();
  api = await startTestApi(running.node);
  client = await CheckedClient.connect(api);
  key = running.key;
  address = addressOf(key.scriptPubKey);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await running[Symbol.asyncDispose]();
});

const SUBSIDY = 5_000_000_000;

function addressOf(script: Uint8Array): string {
  return formatAddress(script, running.node.network.addressPrefixes) ?? "";
}

/** Spends the coinbase of the block at `height` to itself, less `fee`. */
async function paymentFrom(
  height: number,
  fee: number,
  script = key.scriptPubKey,
): Promise<Transaction> {
  const { body } = await client.get(`/api/block/${height}`);
  const coin = { outpoint: { txid: body.transactions[0].txid, vout: 0 }, value: SUBSIDY };
  return signPayment(key, [coin], [{ value: SUBSIDY - fee, scriptPubKey: script }]);
}

/** All coins of the node's address, page after page. */
async function allCoins() {
  const coins: any[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const { body } = await client.get(`/api/addresses/${address}/utxos?limit=100${query}`);
    coins.push(...body.utxos);
    cursor = body.cursor;
  }
  return coins;
}

const hexOf = (tx: Transaction) => toHex(encodeTransaction(tx));

describe("at height 0", () => {
  test.each([
    "/api/status",
    "/api/blockchain",
    "/api/blocks",
    "/api/block/0",
    "/api/block/0/raw",
    "/api/headers",
    "/api/tips",
    "/api/tree",
    "/api/reorgs",
    "/api/transactions",
    "/api/mempool",
    "/api/mempool/transactions",
    "/api/fees",
    "/api/mining",
    "/api/mining/template",
    "/api/stats",
    "/api/stats/history",
    "/api/stats/history?range=all",
    "/health/live",
    "/health/ready",
    "/metrics",
  ])("%s answers", async (path) => {
    expect((await client.get(path)).status).toBe(200);
  });

  test("an address never paid has nothing", async () => {
    const { body } = await client.get(`/api/addresses/${address}`);
    expect(body).toMatchObject({ address, confirmed: 0, spendable: 0, firstHeight: null });
    expect((await client.get(`/api/addresses/${address}/utxos`)).body.utxos).toEqual([]);
  });
});

describe("mining", () => {
  test("mines so many blocks to an address", async () => {
    const other = addressOf(paymentKey(9).scriptPubKey);
    const { status, body } = await client.post("/api/mine", { blocks: 2, address: other });
    expect(status).toBe(200);
    expect(body.blocks.map(({ height }: { height: number }) => height)).toEqual([1, 2]);
    expect(body.hashes).toEqual(body.blocks.map(({ hash }: { hash: string }) => hash));
    expect((await client.get("/api/block/2")).body.miner.address).toBe(other);
  });

  test("mines one block to its own address when told nothing", async () => {
    expect((await client.post("/api/mine")).body.hashes).toHaveLength(1);
    expect((await client.post("/api/mine", {})).body.hashes).toHaveLength(1);
    expect((await client.get("/api/block/4")).body.miner).toMatchObject({ tag: "test", address });
  });

  test("starts and stops", async () => {
    expect((await client.post("/api/mining/start", { threads: 2 })).body).toMatchObject({
      running: true,
      threads: 2,
    });
    expect((await client.get("/api/mining")).body.streams).toHaveLength(2);
    expect((await client.post("/api/mining/stop")).body.running).toBeFalse();
    expect((await client.post("/api/mining/start", { threads: 1 })).body.threads).toBe(1);
    expect((await client.post("/api/mining/stop", {})).body.running).toBeFalse();
  });

  test("gives a template that makes a block, and takes the block", async () => {
    const { body: template } = await client.get("/api/mining/template");
    const block = mineTemplate(template);
    const { status, body } = await client.post("/api/mining/submit", {
      hex: toHex(encodeBlock(block)),
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      status: "connected",
      hash: block.hash,
      height: template.height,
      missingParent: null,
    });
    const again = await client.post("/api/mining/submit", { hex: toHex(encodeBlock(block)) });
    expect(again.body.status).toBe("duplicate");
    expect((await client.get("/api/mining/template")).body.id).not.toBe(template.id);
  });

  test("refuses a block without work, with the rule and the numbers", async () => {
    const { body: template } = await client.get("/api/mining/template");
    const block = mineTemplate(template, (hash, target) => hash > target);
    const { status, body } = await client.post("/api/mining/submit", {
      hex: toHex(encodeBlock(block)),
    });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: "high-hash", hash: block.hash, target: template.target });
  });

  test("keeps an orphan and says what is missing", async () => {
    const { body: template } = await client.get("/api/mining/template");
    const previousHash = "11".repeat(32);
    const block = mineTemplate({ ...template, previousHash });
    const { body } = await client.post("/api/mining/submit", { hex: toHex(encodeBlock(block)) });
    expect(body).toMatchObject({ status: "orphan", missingParent: previousHash });
  });
});

describe("the chain", () => {
  test("is listed newest first, page after page to genesis", async () => {
    await client.post("/api/mine", { blocks: 110 });
    const heights: number[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const { body } = await client.get(`/api/blockchain?limit=50${query}`);
      for (const { height } of body.blocks) heights.push(height);
      cursor = body.cursor;
    }
    const { height } = (await client.get("/api/status")).body;
    expect(heights).toEqual(Array.from({ length: height + 1 }, (_, index) => height - index));
  });

  test("streams all of itself from genesis on", async () => {
    const { headers, body } = await client.get("/api/blockchain?stream=ndjson");
    expect(headers.get("content-type")).toBe("application/x-ndjson");
    const blocks = (body as string)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const { height, tip } = (await client.get("/api/status")).body;
    expect(blocks).toHaveLength(height + 1);
    expect(blocks.at(-1).hash).toBe(tip);
    for (const [index, block] of blocks.entries()) {
      expect(block.height).toBe(index);
      if (index > 0) expect(block.previousHash).toBe(blocks[index - 1].hash);
    }
  });

  test("gives ranges with both ends, at most a page", async () => {
    const { body } = await client.get("/api/blocks?from=3&to=5");
    expect(body.blocks.map(({ height }: { height: number }) => height)).toEqual([3, 4, 5]);
    expect((await client.get("/api/blocks?from=0&to=4000000000")).body.blocks).toHaveLength(100);
    expect((await client.get("/api/blocks?from=5&to=3")).body.blocks).toEqual([]);
    expect((await client.get("/api/blocks?from=4000000000")).body.blocks).toEqual([]);
  });

  test("gives a block by height and by hash in either case", async () => {
    const byHeight = (await client.get("/api/block/7")).body;
    const byHash = (await client.get(`/api/block/${byHeight.hash.toUpperCase()}`)).body;
    expect(byHash).toEqual(byHeight);
    expect(byHeight.transactions).toHaveLength(byHeight.transactionCount);
    expect(byHeight.nextHash).toBe((await client.get("/api/block/8")).body.hash);
  });

  test("gives the bytes of a block, which hash to its name", async () => {
    const { body } = await client.get("/api/block/7/raw");
    const block = decodeAll(fromHex(body.hex), decodeBlock);
    expect(hashHeader(block.header)).toBe(body.hash);
    expect(parseMinerTag(block.transactions[0]!.inputs[0]!.scriptSig).tag).toBe("test");
  });

  test("gives headers that hash to their names", async () => {
    const { body } = await client.get("/api/headers?from=5&limit=3");
    expect(body.headers.map(({ height }: { height: number }) => height)).toEqual([5, 6, 7]);
    for (const { hex, hash } of body.headers) {
      const header = fromHex(hex);
      expect(header).toHaveLength(80);
      expect(running.node.chain.index.find(hash)).toBeDefined();
    }
  });

  test("lets deep blocks be kept for ever by hash, and no view that can change", async () => {
    const { hash } = (await client.get("/api/block/7")).body;
    const raw = await client.get(`/api/block/${hash}/raw`);
    expect(raw.headers.get("cache-control")).toContain("immutable");
    for (const path of [`/api/block/${hash}`, "/api/block/7", "/api/block/7/raw"]) {
      const { headers } = await client.get(path);
      expect(headers.get("cache-control")).toBe("public, no-cache");
      const etag = headers.get("etag") ?? "";
      expect((await client.get(path, { headers: { "if-none-match": etag } })).status).toBe(304);
    }
    const tip = (await client.get("/api/status")).body.tip;
    const shallow = await client.get(`/api/block/${tip}/raw`);
    expect(shallow.headers.get("cache-control")).not.toContain("immutable");
  });

  test("changes a view's tag with the tip", async () => {
    const before = (await client.get("/api/block/7")).headers.get("etag") ?? "";
    await client.post("/api/mine");
    const after = await client.get("/api/block/7", { headers: { "if-none-match": before } });
    expect(after.status).toBe(200);
  });
});

describe("transactions", () => {
  let first: Transaction;

  test("would be refused while a coinbase is young, and says how long", async () => {
    const { height } = (await client.get("/api/status")).body;
    const young = await paymentFrom(height, 1_000);
    const { status, body } = await client.post("/api/transactions/test", { hex: hexOf(young) });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      accepted: false,
      status: "rejected",
      code: "bad-txns-premature-spend-of-coinbase",
      facts: { depth: 1, needed: 100 },
    });
    const refused = await client.post("/api/transactions", { hex: hexOf(young) });
    expect(refused.status).toBe(422);
    expect(refused.body).toMatchObject({ code: body.code, needed: 100, hint: expect.any(String) });
  });

  test("are tried without being taken", async () => {
    first = await paymentFrom(5, 1_000);
    const { body } = await client.post("/api/transactions/test", { hex: hexOf(first) });
    expect(body).toMatchObject({
      accepted: true,
      status: "accepted",
      fee: 1_000,
      txid: first.txid,
    });
    expect((await client.get("/api/mempool")).body.count).toBe(0);
  });

  test("are taken as hex, and a second time without harm (A-16)", async () => {
    const { status, body } = await client.post("/api/transactions", {
      hex: hexOf(first).toUpperCase(),
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ txid: first.txid, status: "accepted", fee: 1_000 });
    const again = await client.post("/api/transactions", { hex: hexOf(first) });
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ txid: first.txid, status: "duplicate" });
  });

  test("wait in the mempool, where everybody sees them", async () => {
    const one = (await client.get(`/api/transactions/${first.txid}`)).body;
    expect(one).toMatchObject({
      status: "mempool",
      confirmations: 0,
      blockHash: null,
      fee: 1_000,
      inputs: [{ address, amount: SUBSIDY }],
      outputs: [{ address, amount: SUBSIDY - 1_000, spentBy: null }],
    });
    expect(Math.abs(one.timestamp - running.node.clock.now())).toBeLessThan(60_000);
    expect((await client.get("/api/transactions")).body.transactions[0].txid).toBe(first.txid);
    expect((await client.get(`/api/transactions/${first.txid}/raw`)).body.hex).toBe(hexOf(first));
    const coinbase = one.inputs[0].txid;
    expect((await client.get(`/api/transactions/${coinbase}`)).body.outputs[0].spentBy).toEqual({
      txid: first.txid,
      input: 0,
      status: "mempool",
    });
    const mempool = (await client.get("/api/mempool")).body;
    expect(mempool).toMatchObject({ count: 1, nextBlock: { count: 1, fees: 1_000 } });
    expect(mempool.histogram).toHaveLength(1);
    expect(mempool.blocks).toEqual([mempool.nextBlock]);
    expect(mempool.nextBlock.weight).toBeLessThan(mempool.maxBlockWeight);
    const family = (await client.get(`/api/mempool/transactions/${first.txid}`)).body;
    expect(family).toMatchObject({ transaction: { txid: first.txid, block: 1 } });
    expect([family.ancestors, family.descendants]).toEqual([[], []]);
    const ranked = (await client.get("/api/mempool/transactions")).body;
    expect(ranked).toEqual({ count: 1, transactions: [family.transaction], cursor: null });
    const unknown = await client.get(`/api/mempool/transactions/${"ab".repeat(32)}`);
    expect([unknown.status, unknown.body.code]).toEqual([404, "transaction-not-found"]);
    expect((await client.get("/api/mempool/transactions/ab")).body.code).toBe("bad-txid");
    const proof = await client.get(`/api/transactions/${first.txid}/merkle-proof`);
    expect(proof.body.code).toBe("not-confirmed");
  });

  test("change the balance of their address before they are confirmed", async () => {
    const { body } = await client.get(`/api/addresses/${address}`);
    expect(body.unconfirmed).toBe(-1_000);
    expect(body.spendable).toBe(body.confirmed - body.immature - SUBSIDY);
    const utxos = await allCoins();
    expect(utxos[0]).toMatchObject({ txid: first.txid, confirmations: 0, spendable: true });
    const spent = utxos.filter(({ spentInMempool }) => spentInMempool);
    expect(spent).toHaveLength(1);
    expect(spent[0].spendable).toBeFalse();
    expect(new Set(utxos.map(({ txid, vout }) => `${txid}:${vout}`)).size).toBe(utxos.length);
    const total = utxos.reduce((sum, { spendable, amount }) => sum + (spendable ? amount : 0), 0);
    expect(total).toBe(body.spendable + SUBSIDY - 1_000);
    const { transactions } = (await client.get(`/api/addresses/${address}/transactions`)).body;
    expect(transactions[0]).toMatchObject({ txid: first.txid, status: "mempool", amount: -1_000 });
  });

  test("are shown confirmed right after the block", async () => {
    const { hashes } = (await client.post("/api/mine")).body;
    const one = (await client.get(`/api/transactions/${first.txid}`)).body;
    expect(one).toMatchObject({
      status: "confirmed",
      confirmations: 1,
      blockHash: hashes[0],
      fee: 1_000,
      inputs: [{ address, amount: SUBSIDY }],
    });
    const block = (await client.get(`/api/block/${hashes[0]}`)).body;
    expect(block.transactions[1]).toEqual(one);
    expect(block.totalFees).toBe(1_000);
    expect((await client.get(`/api/transactions/${first.txid}/raw`)).body.hex).toBe(hexOf(first));
    const again = await client.post("/api/transactions", { hex: hexOf(first) });
    expect([again.status, again.body.code]).toEqual([409, "txn-already-known"]);
  });

  test("are proven to be in their block (C-19)", async () => {
    const { body } = await client.get(`/api/transactions/${first.txid}/merkle-proof`);
    const verify = (count: number) =>
      verifyMerkleProof(
        idToHash(body.txid),
        body.position,
        count,
        body.siblings.map((id: Txid) => idToHash(id)),
        idToHash(body.merkleRoot),
      );
    expect(verify(body.transactionCount)).toBeTrue();
    expect(verify(body.transactionCount + 2)).toBeFalse();
    const { header } = running.node.chain.getBlock(running.node.chain.tip);
    expect(body.merkleRoot).toBe(header.merkleRoot);
  });

  test("change the balance of their address once confirmed", async () => {
    const { body } = await client.get(`/api/addresses/${address}`);
    expect(body.unconfirmed).toBe(0);
    expect(body.spendable).toBe(body.confirmed - body.immature);
    const { transactions } = (await client.get(`/api/addresses/${address}/transactions`)).body;
    const found = transactions.find(({ txid }: { txid: string }) => txid === first.txid);
    expect(found).toMatchObject({ status: "confirmed", amount: -1_000 });
  });

  test("come in a batch, with a verdict each", async () => {
    const parent = await paymentFrom(6, 1_000);
    const coin = { outpoint: { txid: parent.txid, vout: 0 }, value: SUBSIDY - 1_000 };
    const child = signPayment(
      key,
      [coin],
      [{ value: SUBSIDY - 2_000, scriptPubKey: key.scriptPubKey }],
    );
    const poor = await paymentFrom(7, 1);
    const { status, body } = await client.post("/api/transactions/batch", {
      transactions: [
        hexOf(parent),
        { hex: hexOf(child) },
        "zz",
        hexOf(poor),
        { inputs: 1 },
        hexOf(parent),
      ],
    });
    expect(status).toBe(200);
    expect(body.verdicts.map((verdict: any) => verdict.code ?? verdict.status)).toEqual([
      "accepted",
      "accepted",
      "bad-hex",
      "min-relay-fee-not-met",
      "bad-request-shape",
      "duplicate",
    ]);
    expect(body).toMatchObject({ accepted: 3, rejected: 3 });
  });

  test("are replaced by those that pay more, and both are told", async () => {
    const cheap = await paymentFrom(8, 1_000);
    const dear = await paymentFrom(8, 5_000);
    await client.post("/api/transactions", { hex: hexOf(cheap) });
    const { body } = await client.post("/api/transactions", { hex: hexOf(dear) });
    expect(body.replaced).toEqual([cheap.txid]);
    expect((await client.get(`/api/transactions/${cheap.txid}`)).body.code).toBe(
      "transaction-not-found",
    );
  });

  test("are listed page after page, newest first", async () => {
    const all: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const { body } = await client.get(`/api/transactions?limit=2${query}`);
      for (const { txid } of body.transactions) all.push(txid);
      cursor = body.cursor;
    }
    expect(all).toHaveLength((await client.get("/api/mempool")).body.count);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("transactions as JSON", () => {
  /** The JSON form of a spend, signed apart: compact or DER. */
  function jsonSpend(
    coin: { txid: Txid; value: number; script: Uint8Array; legacy?: boolean },
    form: (compact: Uint8Array) => Uint8Array = (compact) => compact,
    payee = address,
  ) {
    const amount = coin.value - 1_000;
    const script = running.node.payoutScript;
    const unsigned = makeTransaction({
      version: 2,
      inputs: [
        {
          prevout: { txid: coin.txid, vout: 0 },
          scriptSig: new Uint8Array(),
          sequence: 0xffffffff,
          witness: [],
        },
      ],
      outputs: [{ value: amount, scriptPubKey: script }],
      lockTime: 0,
    });
    const code = scriptOf({
      type: "p2pkh",
      witnessVersion: undefined,
      program: hash160(key.publicKey),
    });
    const cache = createSighashCache(unsigned);
    const digest =
      coin.legacy === true
        ? legacySighash(cache, 0, coin.script, 1)
        : witnessV0Sighash(cache, 0, code, coin.value, 1);
    const signature = toHex(form(signEcdsa(digest, key.privateKey)));
    return {
      inputs: [{ tx_id: coin.txid, output_index: 0, public_key: toHex(key.publicKey), signature }],
      outputs: [{ address: payee, amount }],
      timestamp: 1_700_000_000,
    };
  }

  const coinbaseAt = async (height: number) => {
    const { body } = await client.get(`/api/block/${height}`);
    return { txid: body.transactions[0].txid as Txid, value: SUBSIDY, script: key.scriptPubKey };
  };

  test("become a P2WPKH spend from a compact signature", async () => {
    const submission = jsonSpend(await coinbaseAt(9));
    const { status, body } = await client.post("/api/transactions", submission);
    expect(status).toBe(201);
    const { hex } = (await client.get(`/api/transactions/${body.txid}/raw`)).body;
    const tx = decodeAll(fromHex(hex), decodeTransaction);
    expect(tx.inputs[0]!.witness).toHaveLength(2);
    expect(tx.inputs[0]!.scriptSig).toHaveLength(0);
  });

  test("take DER with and without its hash type, and a right id", async () => {
    const der = jsonSpend(await coinbaseAt(10), compactToDer);
    const { body: tried } = await client.post("/api/transactions/test", der);
    const given = await client.post("/api/transactions", { ...der, id: tried.txid });
    expect(given.status).toBe(201);
    const withType = jsonSpend(await coinbaseAt(11), (compact) =>
      Uint8Array.of(...compactToDer(compact), 1),
    );
    expect((await client.post("/api/transactions", withType)).status).toBe(201);
  });

  test("become a P2PKH spend of a coin of that kind", async () => {
    const script = scriptOf({
      type: "p2pkh",
      witnessVersion: undefined,
      program: hash160(key.publicKey),
    });
    const funding = await paymentFrom(12, 1_000, script);
    await client.post("/api/transactions", { hex: hexOf(funding) });
    const coin = { txid: funding.txid, value: SUBSIDY - 1_000, script, legacy: true };
    const { status, body } = await client.post("/api/transactions", jsonSpend(coin));
    expect(status).toBe(201);
    const view = (await client.get(`/api/transactions/${body.txid}`)).body;
    expect(view.inputs[0].address).toBe(addressOf(script));
    expect(view.inputs[0].witness).toEqual([]);
  });

  test("take ready scripts", async () => {
    const tx = await paymentFrom(13, 1_000);
    const { prevout, sequence, witness } = tx.inputs[0]!;
    const { status, body } = await client.post("/api/transactions", {
      id: tx.txid,
      inputs: [
        { tx_id: prevout.txid, output_index: prevout.vout, sequence, witness: witness.map(toHex) },
      ],
      outputs: [{ script: toHex(tx.outputs[0]!.scriptPubKey), amount: tx.outputs[0]!.value }],
      lock_time: 0,
    });
    expect([status, body.txid]).toEqual([201, tx.txid]);
  });

  test("are refused with what is wrong with them", async () => {
    const good = jsonSpend(await coinbaseAt(14));
    const input = good.inputs[0]!;
    const code = async (changes: object) =>
      (await client.post("/api/transactions", { ...good, ...changes })).body.code;
    expect(await code({ id: "00".repeat(32) })).toBe("bad-transaction-id");
    expect(await code({ inputs: [{ ...input, tx_id: "00".repeat(32) }] })).toBe("missing-inputs");
    expect(await code({ inputs: [{ ...input, public_key: undefined }] })).toBe("bad-request-shape");
    expect(await code({ inputs: [{ ...input, script_sig: "00" }] })).toBe("bad-request-shape");
    expect(await code({ inputs: [{ ...input, signature: "00" }] })).toBe("bad-request-shape");
    expect(await code({ inputs: [{ ...input, signature: "zz" }] })).toBe("bad-hex");
    const stranger = toHex(paymentKey(9).publicKey);
    expect(await code({ inputs: [{ ...input, public_key: stranger }] })).toBe("key-does-not-fit");
    expect(await code({ lock_time: 1, inputs: [input] })).toBe("script-verify-failed");
    expect(await code({ outputs: [{ address, script: "00", amount: 1 }] })).toBe(
      "bad-request-shape",
    );
    expect(await code({ outputs: [{ address: "crn1qqqq", amount: 1 }] })).toStartWith(
      "bad-address-",
    );
  });
});

describe("everything else", () => {
  test("an address is checked, and written in one form", async () => {
    const capital = (await client.get(`/api/addresses/${address.toUpperCase()}`)).body;
    expect(capital.address).toBe(address);
    expect((await client.get(`/api/addresses/${address}/validate`)).body).toMatchObject({
      valid: true,
      type: "p2wpkh",
    });
    const broken = `${address.slice(0, -1)}${address.endsWith("q") ? "p" : "q"}`;
    expect((await client.get(`/api/addresses/${broken}/validate`)).body).toMatchObject({
      valid: false,
      reason: "checksum",
    });
  });

  test("the status adds up", async () => {
    const { body } = await client.get("/api/status");
    expect(body).toMatchObject({ network: "regtest", name: "test", version: "0.0.0-test" });
    expect(body.databaseBytes).toBeGreaterThan(0);
    expect(BigInt(`0x${body.chainwork}`)).toBe(running.node.chain.tip.chainwork);
  });

  test("totals equal what the chain holds", async () => {
    const { body } = await client.get("/api/stats");
    const { count, value } = running.node.chain.coins.totals();
    expect(body.height).toBe(running.node.chain.tip.height);
    expect(body.supply).toBe(value);
    expect(body.unspentOutputs).toBe(count);
  });

  test.each(["1h", "6h", "24h", "7d", "30d", "all"])(
    "the history of %s has points",
    async (range) => {
      const { body } = await client.get(`/api/stats/history?range=${range}`);
      expect(body.chain.length).toBeGreaterThan(0);
    },
  );

  test("the figures are ones that Prometheus can read", async () => {
    const { body } = await client.get("/metrics");
    const lines = (body as string)
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    for (const line of lines) expect(line).toMatch(/^[a-z_]+(?:\{[^}]*\})? -?[0-9][0-9.e+-]*$/);
    expect(body).toContain(`cairn_height ${running.node.chain.tip.height}`);
  });

  test("a branch that was left is shown, with its transactions", async () => {
    const { node } = running;
    const left = node.chain.tip;
    const rival = await mineRivals(left.height - 1, 2);
    expect(node.chain.tip.hash).toBe(rival.at(-1) as never);
    const { body } = await client.get("/api/tips");
    expect(body.tips[0]).toMatchObject({ status: "active", hash: rival.at(-1), branchLength: 0 });
    const tip = body.tips.find(({ hash }: { hash: string }) => hash === left.hash);
    expect(tip).toMatchObject({ status: "stale", branchLength: 1 });
    const block = (await client.get(`/api/block/${left.hash}`)).body;
    expect(block).toMatchObject({ status: "stale", confirmations: 0, nextHash: null });
    expect(block.transactions[0].status).toBe("abandoned");
  });

  test("the tree has every branch of its heights, each block as the block's own page has it", async () => {
    const { chain } = running.node;
    const { body } = await client.get("/api/tree?depth=3");
    const { height } = chain.tip;
    expect(body).toMatchObject({ height, tip: chain.tip.hash, from: height - 2, omitted: 0 });
    const places = body.blocks.map((block: any) => [block.height, block.status]);
    expect(places).toEqual([
      [height, "active"],
      [height - 1, "active"],
      [height - 1, "stale"],
      [height - 2, "active"],
    ]);
    for (const { reason, miner, ...place } of body.blocks) {
      const block = (await client.get(`/api/block/${place.hash}?limit=1`)).body;
      expect(block).toMatchObject(place);
      expect(miner).toEqual({ tag: block.miner.tag, stream: block.miner.stream });
      expect(reason).toBeNull();
    }
    expect((await client.get("/api/tree?depth=1000")).body.blocks).toHaveLength(height + 2);
    expect((await client.get("/api/tree?depth=1001")).status).toBe(422);
    expect((await client.get("/api/tree?depth=0")).status).toBe(422);
  });

  test("the reorganisation is remembered with what became of its transactions", async () => {
    const { tip } = running.node.chain;
    const { reorgs } = (await client.get("/api/reorgs")).body;
    expect(reorgs).toHaveLength(1);
    expect(reorgs[0]).toMatchObject({
      newTip: { hash: tip.hash, height: tip.height },
      ancestor: { height: tip.height - 2 },
      depth: 1,
      displaced: { dropped: 0, unknown: 0 },
    });
    expect(Math.abs(reorgs[0].time - running.node.clock.now())).toBeLessThan(60_000);
  });

  test("every operation of the document was answered with success", async () => {
    const document = (await client.get("/swagger/json")).body;
    // Those of peers need peers, those of wallets coins, and sockets are no answers: see api-peers,
    // api-wallets, api-contracts and api-live.
    const elsewhere = ["Peers", "Wallets", "Contracts", "Address book", "Live"];
    const paths = document.paths as Record<string, Record<string, { tags: string[] }>>;
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, { tags }]) => !tags.some((tag) => elsewhere.includes(tag)))
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    );
    expect([...client.covered].sort()).toEqual(described.sort());
  });
});

/** Mines the block of a template by hand, at the first nonce that `accept` likes. */
function mineTemplate(
  template: any,
  accept: (hash: bigint, target: bigint) => boolean = (hash, target) => hash <= target,
) {
  const { bits, transactions, commitment: _, merkleBranch, ...rest } = template;
  const complete = completeTemplate({
    ...rest,
    bits: Number.parseInt(bits, 16),
    transactions: transactions.map(({ hex }: { hex: string }) =>
      decodeAll(fromHex(hex), decodeTransaction),
    ),
  });
  expect(complete.merkleBranch.map(toHex)).toEqual(merkleBranch);
  const candidate = makeCandidate(complete, {
    payoutScript: key.scriptPubKey,
    tag: "hand",
    stream: "A",
    extranonce: Math.trunc(performance.now() * 1000),
  });
  const target = BigInt(`0x${template.target}`);
  for (let nonce = 0; ; nonce++) {
    const block = makeMinedBlock(candidate, nonce);
    if (accept(BigInt(`0x${block.hash}`), target)) return block;
  }
}

/** Mines `count` empty blocks by hand on the block at `height`; returns their hashes. */
async function mineRivals(height: number, count: number): Promise<string[]> {
  const hashes: string[] = [];
  const { body: template } = await client.get("/api/mining/template");
  let parent = (await client.get(`/api/block/${height}`)).body;
  for (let index = 1; index <= count; index++) {
    const block = mineTemplate({
      ...template,
      height: height + index,
      previousHash: parent.hash,
      transactions: [],
      merkleBranch: [],
      totalFees: 0,
      coinbaseValue: subsidyAt(height + index, running.node.network.params),
      time: template.time + index,
    });
    const answer = await client.post("/api/mining/submit", { hex: toHex(encodeBlock(block)) });
    expect([answer.status, answer.body.detail ?? ""]).toEqual([200, ""]);
    parent = { hash: block.hash };
    hashes.push(block.hash);
  }
  return hashes;
}
