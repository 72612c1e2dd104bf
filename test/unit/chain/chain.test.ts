/**
 * The one door for blocks: verdicts, what is asked of a block that connects, and what is announced.
 *
 * Forks are in reorg.test.ts, bodies that are not the header's in mutated-blocks.test.ts.
 */

import { describe, expect, test } from "bun:test";
import { BLOCK_STATUS } from "../../../src/chain/block-index.ts";
import { medianTimePast } from "../../../src/consensus/difficulty.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { RuleError } from "../../../src/consensus/rule-error.ts";
import { subsidyAt, supplyAt } from "../../../src/consensus/subsidy.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import type { Block } from "../../../src/primitives/block.ts";
import { makeBlock } from "../../../src/primitives/block.ts";
import { outpointKey, type Transaction } from "../../../src/primitives/transaction.ts";
import {
  ANYONE,
  ANYONE_BY_WITNESS,
  Branch,
  chainOf,
  coinOf,
  coinsAfter,
  NOBODY,
  type Outcome,
  QUICK,
  REGTEST,
  SPACING_SECONDS,
  spend,
  TestNode,
  withParams,
} from "../../support/chain-builder.ts";

/** A chain with spendable coins, and a node that follows it. */
function quickNode(height = 6): { branch: Branch; node: TestNode } {
  const branch = chainOf(height, QUICK);
  return { branch, node: new TestNode(QUICK).follow(branch) };
}

describe("submitBlock", () => {
  test("an empty node is at genesis, whose output is no coin", () => {
    const node = new TestNode();
    expect(node.tipHash).toBe(REGTEST.genesis.hash);
    expect(node.height).toBe(0);
    expect(node.chain.coins.totals()).toEqual({ count: 0, value: 0 });
    expect(node.chain.getBlock(node.chain.tip)).toEqual(REGTEST.genesis);
    expect(node.chain.getSpentCoins(node.chain.tip)).toEqual([]);
    expect(node.statusOf(REGTEST.genesis)).toBe(BLOCK_STATUS.connected);
  });

  test("connects children of the tip one after the other, and says so after each", () => {
    const branch = chainOf(5);
    const node = new TestNode();
    expect(node.offerAll(branch.blocks)).toEqual(new Array(5).fill("connected"));
    expect(node.tipHash).toBe(branch.tip.hash);
    expect(node.events).toEqual(branch.blocks.map(({ hash }) => ["+", hash]));
    expect(node.tips).toEqual(branch.blocks.map(({ hash }) => hash));
    expect(node.reorgs).toEqual([]);
  });

  test("keeps what it was given, and can tell it again", () => {
    const { branch, node } = quickNode();
    const tx = spend([branch.coinbaseCoin(1)]);
    branch.mine({ transactions: [tx] });
    node.follow(branch);
    const entry = node.chain.tip;
    expect(node.chain.getBlock(entry)).toEqual(branch.tip);
    expect(node.chain.getDetails(entry)).toMatchObject({
      header: branch.tip.header,
      transactionCount: 2,
      receivedAt: node.nowSeconds * 1000,
      invalidCode: undefined,
    });
    expect(node.chain.getSpentCoins(entry)).toEqual([
      { value: 5_000_000_000, scriptPubKey: ANYONE, height: 1, isCoinbase: true },
    ]);
  });

  test("C-26: knows a block that it has, wherever it stands, and does nothing", () => {
    const branch = chainOf(4);
    const side = branch.fork(2).mine(1);
    const node = new TestNode().follow(branch);
    expect(node.offer(side.tip)).toBe("side-branch");
    const before = node.state();
    const announced = node.events.length;
    for (const block of [REGTEST.genesis, ...branch.blocks, side.tip]) {
      expect(node.offer(block)).toBe("duplicate");
    }
    expect(node.state()).toEqual(before);
    expect(node.events).toHaveLength(announced);
  });

  test("a header is refused before its body is looked at, and nothing is remembered of it", () => {
    const branch = chainOf(3);
    const node = new TestNode().follow(branch);
    const refused: readonly (readonly [Block, Outcome])[] = [
      [branch.make({ header: { bits: 0x207ffffe } }), "bad-diffbits"],
      [branch.make({ header: { time: branch.at(1).header.time } }), "time-too-old"],
      [branch.make({ header: { version: 3 } }), "bad-version"],
    ];
    for (const [block, code] of refused) {
      expect(node.offer(block)).toBe(code);
      expect(node.offer(block)).toBe(code);
      expect(node.statusOf(block)).toBeUndefined();
    }
    expect(node.height).toBe(3);
  });

  test("C-14: work is looked at before anything else, even without a parent", () => {
    const branch = chainOf(3);
    const node = new TestNode();
    const { header, transactions } = branch.tip;
    const weak = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
      .map((nonce) => makeBlock({ ...header, nonce }, transactions))
      .find(({ hash }) => BigInt(`0x${hash}`) > REGTEST.params.powLimit);
    expect(node.offer(weak!)).toBe("high-hash");
    expect(node.chain.orphans.count).toBe(0);
    const none = makeBlock({ ...header, bits: 0x04923456 }, transactions);
    expect(node.offer(none)).toBe("high-hash");
  });

  test("C-25: an invalid block is remembered, and its children are refused for it", () => {
    const { branch, node } = quickNode();
    const bad = branch.fork().mine({ fees: 1 });
    expect(node.offer(bad.tip)).toBe("bad-cb-amount");
    expect(node.offer(bad.tip)).toBe("duplicate-invalid");
    expect(node.statusOf(bad.tip)).toBe(BLOCK_STATUS.invalid);
    expect(node.offer(bad.mine(1).tip)).toBe("bad-prevblk");
    expect(node.tipHash).toBe(branch.tip.hash);
    expect(node.chain.getDetails(node.chain.index.find(bad.at(7).hash)!)).toMatchObject({
      invalidCode: "bad-cb-amount",
    });
  });

  test("C-25: the child of a body that was refused before it was stored is refused too", () => {
    const { branch, node } = quickNode();
    const bad = branch.fork().mine({ body: [...branch.make().transactions, coinbase(9)] });
    expect(node.offer(bad.tip)).toBe("bad-cb-multiple");
    expect(node.offer(bad.tip)).toBe("duplicate-invalid");
    expect(node.offer(bad.mine(1).tip)).toBe("bad-prevblk");
    expect(node.chain.orphans.count).toBe(0);
  });

  test("C-10: a block too far ahead is later, not invalid: the same bytes connect in time", () => {
    const branch = chainOf(3);
    const node = new TestNode().follow(branch);
    const limit = REGTEST.params.maxFutureSeconds;
    node.nowSeconds = branch.context.time;
    const early = branch.make({ header: { time: node.nowSeconds + limit + 1 } });
    const before = node.state();
    expect(node.offer(early)).toBe("time-too-new");
    expect(node.offer(early)).toBe("time-too-new");
    expect(node.state()).toEqual(before);
    node.nowSeconds += 1;
    expect(node.offer(early)).toBe("connected");
  });

  test("a listener's exception is this node's fault and goes through, after the commit", () => {
    const { branch, node } = quickNode();
    const stop = node.chain.events.on("block-connected", () => {
      throw new Error("disk of the listener is full");
    });
    const next = branch.mine(1).tip;
    expect(() => node.offer(next)).toThrow("disk of the listener is full");
    stop();
    expect(node.tipHash).toBe(next.hash);
    expect(node.restartedCopy().state()).toEqual(node.state());
  });

  test("a rule that a listener finds broken is never held against the block", () => {
    const { branch, node } = quickNode();
    const stop = node.chain.events.on("block-connected", () => {
      throw new RuleError("bad-cb-amount", "said by somebody else");
    });
    const next = branch.mine(1).tip;
    expect(() => node.offer(next)).toThrow(RuleError);
    stop();
    expect(node.tipHash).toBe(next.hash);
    expect(node.statusOf(next)).toBe(BLOCK_STATUS.connected);
    expect(node.offer(branch.mine(1).tip)).toBe("connected");
  });
});

/** The coinbase of some other block at `height`. */
function coinbase(height: number): Transaction {
  return chainOf(0, QUICK).mine(height).tip.transactions[0]!;
}

describe("what a block spends", () => {
  test("C-07: a coinbase is spent 100 blocks deep, not 99", () => {
    const branch = chainOf(99);
    const node = new TestNode().follow(branch);
    const transactions = [spend([branch.coinbaseCoin(1)])];
    expect(node.offer(branch.make({ transactions }))).toBe("bad-txns-premature-spend-of-coinbase");
    node.follow(branch.mine(1));
    expect(node.offer(branch.make({ transactions }))).toBe("connected");
  });

  test("the coins of genesis were never made", () => {
    const branch = chainOf(101);
    const node = new TestNode().follow(branch);
    const transactions = [spend([coinOf(REGTEST.genesis.transactions[0]!)])];
    expect(node.offer(branch.make({ transactions }))).toBe("bad-txns-inputs-missingorspent");
  });

  test("C-23: a transaction may spend what an earlier one of the same block made", () => {
    const { branch, node } = quickNode();
    const first = spend([branch.coinbaseCoin(1)], { count: 3 });
    const second = spend([coinOf(first, 1), branch.coinbaseCoin(2)]);
    const third = spend([coinOf(second), coinOf(first, 2)]);
    const before = coinsAfter(branch.blocks);
    expect(node.offer(branch.make({ transactions: [first, second, third] }))).toBe("connected");
    expect(node.chain.coins.findCoin({ txid: first.txid, vout: 0 })).toBeDefined();
    expect(node.chain.coins.findCoin({ txid: first.txid, vout: 1 })).toBeUndefined();
    expect(node.chain.coins.findCoin({ txid: second.txid, vout: 0 })).toBeUndefined();
    expect(node.chain.coins.totals().count).toBe(before.size - 2 + 2 + 1);
  });

  test("C-23: but not what a later one makes", () => {
    const { branch, node } = quickNode();
    const first = spend([branch.coinbaseCoin(1)]);
    const second = spend([coinOf(first)]);
    expect(node.offer(branch.make({ transactions: [second, first] }))).toBe(
      "bad-txns-inputs-missingorspent",
    );
  });

  test("C-23: and not the coinbase of its own block", () => {
    const { branch, node } = quickNode();
    const { transactions } = branch.make();
    const block = branch.make({ body: [...transactions, spend([coinOf(transactions[0]!)])] });
    expect(node.offer(block)).toBe("bad-txns-premature-spend-of-coinbase");
  });

  test("C-23: the same transaction twice in a block is refused, next to itself or not", () => {
    const { branch, node } = quickNode();
    const a = spend([branch.coinbaseCoin(1)]);
    const b = spend([branch.coinbaseCoin(2)]);
    expect(node.offer(branch.make({ transactions: [a, a] }))).toBe(
      "bad-txns-inputs-missingorspent",
    );
    expect(node.offer(branch.make({ transactions: [b, a, a] }))).toBe("bad-txns-duplicate");
    expect(node.offer(branch.make({ transactions: [a, b, a] }))).toBe(
      "bad-txns-inputs-missingorspent",
    );
  });

  test("C-03: no coin is spent twice: in one transaction, in one block, in two, or made and spent", () => {
    const { branch, node } = quickNode();
    const coin = branch.coinbaseCoin(1);
    const made = spend([branch.coinbaseCoin(2)]);
    const before = node.digest();
    const doubles: readonly (readonly [readonly Transaction[], Outcome])[] = [
      [[spend([coin, coin])], "bad-txns-inputs-duplicate"],
      [[spend([coin]), spend([coin], { fee: 1 })], "bad-txns-inputs-missingorspent"],
      [
        [made, spend([coinOf(made)]), spend([coinOf(made)], { fee: 1 })],
        "bad-txns-inputs-missingorspent",
      ],
    ];
    for (const [transactions, code] of doubles) {
      expect(node.offer(branch.make({ transactions }))).toBe(code);
      expect(node.digest()).toBe(before);
    }

    node.follow(branch.mine({ transactions: [spend([coin])] }));
    const again = branch.make({ transactions: [spend([coin], { fee: 1 })] });
    expect(node.offer(again)).toBe("bad-txns-inputs-missingorspent");
  });

  test("C-04: nothing is paid that was not spent", () => {
    const { branch, node } = quickNode();
    const coin = branch.coinbaseCoin(1);
    expect(node.offer(branch.make({ transactions: [spend([coin], { fee: -1 })] }))).toBe(
      "bad-txns-in-belowout",
    );
    expect(node.offer(branch.make({ transactions: [spend([coin], { fee: 0 })] }))).toBe(
      "connected",
    );
  });

  test("C-05: the coinbase takes subsidy and fees, or less, never more", () => {
    const { branch, node } = quickNode();
    const offer = (fees: number) => {
      const transactions = [spend([branch.coinbaseCoin(1)], { fee: 500 })];
      return node.offer(branch.make({ transactions, fees }));
    };
    expect(offer(501)).toBe("bad-cb-amount");
    expect(offer(500)).toBe("connected");
    const less = quickNode();
    const transactions = [spend([less.branch.coinbaseCoin(1)], { fee: 500 })];
    expect(less.node.offer(less.branch.make({ transactions, fees: 499 }))).toBe("connected");
  });

  test("C-05: what the coinbase burns or puts into several outputs counts too", () => {
    const { branch, node } = quickNode();
    const outputs = (burnt: number) => [
      { value: 4_000_000_000, scriptPubKey: ANYONE },
      { value: burnt, scriptPubKey: NOBODY },
    ];
    expect(node.offer(branch.make({ coinbaseOutputs: outputs(1_000_000_001) }))).toBe(
      "bad-cb-amount",
    );
    expect(node.offer(branch.make({ coinbaseOutputs: outputs(1_000_000_000) }))).toBe("connected");
  });

  test("C-05: at a halving the old subsidy is too much, and the supply is the sum of all", () => {
    const branch = chainOf(149);
    const node = new TestNode().follow(branch);
    expect(node.chain.coins.totals().value).toBe(supplyAt(149, REGTEST.params));
    const old = branch.make({
      fees: subsidyAt(149, REGTEST.params) - subsidyAt(150, REGTEST.params),
    });
    expect(node.offer(old)).toBe("bad-cb-amount");
    node.follow(branch.mine(1));
    expect(node.height).toBe(150);
    expect(node.chain.coins.totals().value).toBe(supplyAt(150, REGTEST.params));
  });

  test("C-04: after each block all coins are worth what was minted less what was burnt", () => {
    const { branch, node } = quickNode(3);
    let expected = 3 * 5_000_000_000;
    for (let step = 0; step < 12; step++) {
      const fee = 100 * step;
      const kept = step % 3 === 0 ? fee - 10 : fee;
      const burnt = { value: 7, scriptPubKey: NOBODY };
      const coin = branch.coinbaseCoin(branch.height - 1);
      const pays = { value: coin.value - fee - 7, scriptPubKey: ANYONE };
      const tx = spend([coin], { parts: { outputs: [pays, burnt] } });
      branch.mine({ transactions: [tx], fees: step === 0 ? 0 : kept });
      node.follow(branch);
      expect(node.tipHash).toBe(branch.tip.hash);
      expected += 5_000_000_000 - 7 - (fee - (step === 0 ? 0 : kept));
      expect(node.chain.coins.totals().value).toBe(expected);
    }
  });

  test("scripts are run: what nobody signed for is refused", () => {
    const { branch, node } = quickNode();
    const locked = spend([branch.coinbaseCoin(1)], { script: Uint8Array.of(0x00) });
    node.follow(branch.mine({ transactions: [locked] }));
    const theft = branch.make({ transactions: [spend([coinOf(locked)])] });
    expect(node.offer(theft)).toBe("script-verify-failed");
    expect(node.offer(theft)).toBe("duplicate-invalid");
  });

  test("scripts are run with their witness: a wrong one is refused", () => {
    const { branch, node } = quickNode();
    const paid = spend([branch.coinbaseCoin(1)], { script: ANYONE_BY_WITNESS });
    node.follow(branch.mine({ transactions: [paid] }));
    const right = spend([coinOf(paid)]);
    const wrong = spend([coinOf(paid)], {
      parts: { inputs: [{ ...right.inputs[0]!, witness: [Uint8Array.of(0x52)] }] },
    });
    expect(wrong.txid).toBe(right.txid);
    expect(node.offer(branch.make({ transactions: [wrong] }))).toBe("script-verify-failed");
    expect(node.offer(branch.make({ transactions: [right] }))).toBe("connected");
  });

  test("C-24: a relative lock by height opens that many blocks after its coin (BIP-0068)", () => {
    const { branch, node } = quickNode();
    const transactions = [spend([branch.coinbaseCoin(4)], { sequence: 4 })];
    expect(branch.height).toBe(6);
    expect(node.offer(branch.make({ transactions }))).toBe("bad-txns-nonfinal");
    node.follow(branch.mine(1));
    expect(node.offer(branch.make({ transactions }))).toBe("connected");
  });

  test("C-24: a relative lock by time runs from the median time before its coin (BIP-0068)", () => {
    const { branch, node } = quickNode(30);
    // The coin of block 20 is counted from the median of block 19: block 14's time.
    const start = branch.at(14).header.time;
    const transactions = [spend([branch.coinbaseCoin(20)], { sequence: (1 << 22) + 1 })];
    let opened: number | undefined;
    for (let step = 0; step < 60 && opened === undefined; step++) {
      const median = medianTimePast(branch.context);
      const outcome = node.offer(branch.make({ transactions }));
      expect(outcome).toBe(median >= start + 512 ? "connected" : "bad-txns-nonfinal");
      if (outcome === "connected") opened = median;
      else node.follow(branch.mine(1));
    }
    expect(opened).toBeLessThan(start + 512 + SPACING_SECONDS);
  });

  test("the cost of signature operations is limited over the block, witnesses included", () => {
    const limited = withParams(QUICK, { maxBlockSigopCost: 40 });
    const branch = chainOf(6, limited);
    const node = new TestNode(limited).follow(branch);
    const redeem = new Uint8Array(4).fill(0xac);
    const output = (script: Uint8Array) =>
      spend([branch.coinbaseCoin(1)], { parts: { outputs: [{ value: 1, scriptPubKey: script }] } });
    expect(node.offer(branch.make({ transactions: [output(new Uint8Array(11).fill(0xac))] }))).toBe(
      "bad-blk-sigops",
    );
    // Ten in the open are the most; one more hidden in a script hash cannot be seen before coins are.
    const hidden = scriptHashOf(Uint8Array.of(0x00, 0x63, ...redeem, 0x68, 0x51));
    const made = spend([branch.coinbaseCoin(1)], { script: hidden.script });
    node.follow(branch.mine({ transactions: [made] }));
    const spending = (open: number) =>
      branch.make({
        transactions: [
          spend([coinOf(made)], {
            parts: {
              inputs: [
                {
                  prevout: coinOf(made).outpoint,
                  scriptSig: concatBytes(Uint8Array.of(hidden.redeem.length), hidden.redeem),
                  sequence: 0xffffffff,
                  witness: [],
                },
              ],
              outputs: [{ value: 1, scriptPubKey: new Uint8Array(open).fill(0xac) }],
            },
          }),
        ],
      });
    expect(node.offer(spending(7))).toBe("bad-blk-sigops");
    expect(node.offer(spending(6))).toBe("connected");
  });

  test("C-18: on cairn a transaction's legacy signature operations are limited to 2,500", () => {
    const cairn = withParams(findNetwork("cairn", 1), { coinbaseMaturity: 1 });
    const branch = new Branch(cairn).mine({
      coinbaseOutputs: [
        { value: 1_000, scriptPubKey: new Uint8Array(2_500).fill(0xac) },
        { value: 1_000, scriptPubKey: new Uint8Array(2_501).fill(0xac) },
      ],
    });
    const node = new TestNode(cairn).follow(branch);
    const spendingOutput = (vout: number) => {
      const coin = coinOf(branch.at(1).transactions[0]!, vout);
      const outputs = [{ value: 1, scriptPubKey: concatBytes(NOBODY, new Uint8Array(20)) }];
      return branch.make({ transactions: [spend([coin], { parts: { outputs } })] });
    };
    expect(node.offer(spendingOutput(1))).toBe("bad-txns-legacy-sigops");
    // At the limit only the scripts are left to fail.
    expect(node.offer(spendingOutput(0))).toBe("script-verify-failed");
  });
});

/** A redeem script and the output that pays to its hash (BIP-0016). */
function scriptHashOf(redeem: Uint8Array): { redeem: Uint8Array; script: Uint8Array } {
  const hash = new Bun.CryptoHasher("ripemd160")
    .update(new Bun.CryptoHasher("sha256").update(redeem).digest())
    .digest();
  return { redeem, script: concatBytes(Uint8Array.of(0xa9, 0x14), hash, Uint8Array.of(0x87)) };
}

describe("checkNextBlock", () => {
  test("changes nothing, whether the block is valid or not", () => {
    const { branch, node } = quickNode();
    const good = branch.make({
      transactions: [spend([branch.coinbaseCoin(1)], { fee: 9 })],
      fees: 9,
    });
    const bad = branch.make({ fees: 1 });
    const before = node.state();
    const announced = node.events.length;
    expect(() => node.chain.checkNextBlock(good)).not.toThrow();
    expect(() => node.chain.checkNextBlock(bad)).toThrow(
      expect.objectContaining({ code: "bad-cb-amount" }),
    );
    expect(node.state()).toEqual(before);
    expect(node.events).toHaveLength(announced);
    expect(node.chain.coins.findCoin(branch.coinbaseCoin(1).outpoint)).toBeDefined();
    expect(node.offer(good)).toBe("connected");
    expect(node.offer(bad)).not.toBe("duplicate-invalid");
  });

  test("asks for no work", () => {
    const { branch, node } = quickNode();
    const { header, transactions } = branch.make();
    for (let nonce = 0; nonce < 8; nonce++) {
      node.chain.checkNextBlock(makeBlock({ ...header, nonce }, transactions));
    }
  });

  test("refuses a block that follows another one than the tip", () => {
    const { branch, node } = quickNode();
    const elsewhere = branch.fork(1).make();
    const { header, transactions } = branch.make();
    for (const prevBlockHash of [elsewhere.header.prevBlockHash, elsewhere.hash]) {
      const block = makeBlock({ ...header, prevBlockHash }, transactions);
      expect(() => node.chain.checkNextBlock(block)).toThrow(
        expect.objectContaining({ code: "bad-prevblk" }),
      );
    }
  });
});

test("the model of coins and the node agree on every coin", () => {
  const { branch, node } = quickNode();
  const tx = spend([branch.coinbaseCoin(1), branch.coinbaseCoin(3)], { count: 5, fee: 3 });
  node.follow(branch.mine({ transactions: [tx], fees: 2 }));
  const model = coinsAfter(branch.blocks);
  expect(node.chain.coins.totals().count).toBe(model.size);
  for (const block of branch.blocks) {
    for (const { txid, outputs } of block.transactions) {
      for (const vout of outputs.keys()) {
        const expected = model.get(outpointKey({ txid, vout }));
        const coin = node.chain.coins.findCoin({ txid, vout });
        expect(coin?.value).toBe(expected?.value);
      }
    }
  }
});
