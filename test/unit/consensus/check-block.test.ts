/**
 * Rules of a block's body: on its own, then after its parent.
 *
 * Blocks are built by the branch builder with one thing wrong; each limit is tried at, below and
 * above it. That a refused body is not held against its hash is tested in chain/.
 */

import { describe, expect, test } from "bun:test";
import {
  checkBlock,
  checkBlockInContext,
  coinbaseHeightPush,
} from "../../../src/consensus/check-block.ts";
import { medianTimePast } from "../../../src/consensus/difficulty.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { commitmentScript } from "../../../src/consensus/witness-commitment.ts";
import { concatBytes, toHex } from "../../../src/lib/bytes.ts";
import { type Block, blockWeight, makeBlock } from "../../../src/primitives/block.ts";
import {
  makeTransaction,
  NULL_OUTPOINT,
  type Transaction,
  type TransactionParts,
} from "../../../src/primitives/transaction.ts";
import { someInput, someOutput, someTransaction, someTxid } from "../../support/builders.ts";
import {
  ANYONE,
  type Branch,
  chainOf,
  coinbaseParts,
  NOBODY,
  REGTEST,
  rootOf,
  withCommitment,
} from "../../support/chain-builder.ts";
import { repeatSeeded } from "../../support/random.ts";

const CAIRN = findNetwork("cairn", 1);

/** The code with which the next block of a branch is refused, or "valid". */
function codeOf(block: Block, branch: Branch): string {
  const { params } = branch.network;
  try {
    checkBlock(block, params);
    checkBlockInContext(block, branch.context, params);
    return "valid";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** A payment of another output for each number. */
function payment(fill: number, changes: Partial<TransactionParts> = {}): Transaction {
  return someTransaction({
    inputs: [someInput({ prevout: { txid: someTxid(fill), vout: fill } })],
    ...changes,
  });
}

/** A payment with this witness. */
function witnessPayment(fill: number, ...witness: readonly Uint8Array[]): Transaction {
  return payment(fill, {
    inputs: [someInput({ prevout: { txid: someTxid(fill), vout: 0 }, witness })],
  });
}

function payments(count: number): Transaction[] {
  return Array.from({ length: count }, (_, index) => payment(1 + index));
}

/** `block` with other transactions under the same header. */
function withBody({ header }: Block, transactions: readonly Transaction[]): Block {
  return makeBlock(header, transactions);
}

const branch = chainOf(3);

test("a plain block is valid, with any number of transactions", () => {
  for (const count of [0, 1, 2, 3, 7, 8, 9]) {
    expect(codeOf(branch.make({ transactions: payments(count) }), branch)).toBe("valid");
  }
});

describe("the Merkle root", () => {
  const block = branch.make({ transactions: payments(5) });
  const { transactions } = block;

  test("commits to every transaction and to their order", () => {
    expect(codeOf(withBody(block, transactions.slice(0, -1)), branch)).toBe("bad-txnmrklroot");
    expect(codeOf(withBody(block, [...transactions, payment(9)]), branch)).toBe("bad-txnmrklroot");
    expect(codeOf(withBody(block, transactions.toReversed()), branch)).toBe("bad-txnmrklroot");
    expect(codeOf(withBody(block, []), branch)).toBe("bad-txnmrklroot");
  });

  test("C-02: a body whose last part was repeated is told apart though its root is right", () => {
    expect(transactions).toHaveLength(6);
    const twin = withBody(block, [...transactions, ...transactions.slice(4)]);
    expect(rootOf(twin.transactions)).toBe(block.header.merkleRoot);
    expect(codeOf(twin, branch)).toBe("bad-txns-duplicate");
  });

  test("C-02: every repetition of a body's end that keeps the root is told apart", () => {
    for (let count = 1; count <= 33; count++) {
      const honest = branch.make({ transactions: payments(count - 1) });
      for (let repeated = 1; repeated <= count; repeated++) {
        const body = [...honest.transactions, ...honest.transactions.slice(-repeated)];
        const expected =
          rootOf(body) === honest.header.merkleRoot ? "bad-txns-duplicate" : "bad-txnmrklroot";
        expect(codeOf(withBody(honest, body), branch)).toBe(expected);
      }
    }
  });

  test("is looked at before anything is said of the body", () => {
    const second = makeTransaction(coinbaseParts(4, [someOutput()], 77));
    expect(codeOf(withBody(block, [...transactions, second]), branch)).toBe("bad-txnmrklroot");
  });
});

describe("the coinbase", () => {
  const coinbase = makeTransaction(coinbaseParts(4, [someOutput()]));
  const other = makeTransaction(coinbaseParts(4, [someOutput()], 1));

  test.each([
    ["C-08: a block without any transaction", [], "bad-blk-length"],
    ["C-08: a block that begins with a payment", [payment(1)], "bad-cb-missing"],
    ["C-08: a coinbase that is not the first", [payment(1), coinbase], "bad-cb-missing"],
    ["C-08: a second coinbase behind the first", [coinbase, other], "bad-cb-multiple"],
    ["C-08: a second coinbase at the end", [coinbase, payment(1), other], "bad-cb-multiple"],
  ] as const)("%s is refused", (_name, body, code) => {
    expect(codeOf(branch.make({ body }), branch)).toBe(code);
  });

  test("C-08: one with a second input is no coinbase", () => {
    const inputs = [someInput({ prevout: NULL_OUTPOINT }), someInput()];
    expect(codeOf(branch.make({ coinbase: { inputs } }), branch)).toBe("bad-cb-missing");
  });

  test("C-08: a payment that names no output beside another one is refused as such", () => {
    const inputs = [someInput(), someInput({ prevout: NULL_OUTPOINT })];
    const block = branch.make({ transactions: [payment(1, { inputs })] });
    expect(codeOf(block, branch)).toBe("bad-txns-prevout-null");
  });

  test.each([
    [0, "00"],
    [1, "51"],
    [2, "52"],
    [16, "60"],
    [17, "0111"],
    [127, "017f"],
    [128, "028000"],
    [129, "028100"],
    [255, "02ff00"],
    [256, "020001"],
    [32_767, "02ff7f"],
    [32_768, "03008000"],
    [8_388_607, "03ffff7f"],
    [8_388_608, "0400008000"],
    // Where this became a rule of Bitcoin's main network.
    [227_931, "035b7a03"],
  ])("C-06: begins with height %i as %p", (height, hex) => {
    expect(toHex(coinbaseHeightPush(height))).toBe(hex);
  });

  test("C-06: states the height of its own block", () => {
    for (const height of [0, 3, 5, 40]) {
      const { inputs } = coinbaseParts(height, []);
      expect(codeOf(branch.make({ coinbase: { inputs } }), branch)).toBe("bad-cb-height");
    }
    const { inputs } = coinbaseParts(4, []);
    expect(codeOf(branch.make({ coinbase: { inputs } }), branch)).toBe("valid");
  });

  test.each([
    ["pushed as a byte instead of by its opcode", Uint8Array.of(0x01, 0x04)],
    ["with a zero too many", Uint8Array.of(0x02, 0x04, 0x00)],
    ["behind something else", Uint8Array.of(0x51, 0x54)],
    ["cut off", Uint8Array.of(0x01)],
  ])("C-06: a height %s is no height", (_name, start) => {
    const scriptSig = concatBytes(start, new Uint8Array(4));
    const inputs = [someInput({ prevout: NULL_OUTPOINT, scriptSig })];
    expect(codeOf(branch.make({ coinbase: { inputs } }), branch)).toBe("bad-cb-height");
  });

  test("C-06: is looked for even in a body that checkBlock has not seen", () => {
    for (const body of [[], [payment(1, { inputs: [] })]]) {
      const block = withBody(branch.make(), body);
      expect(() => checkBlockInContext(block, branch.context, REGTEST.params)).toThrow(
        expect.objectContaining({ code: "bad-cb-height" }),
      );
    }
  });

  test("C-06: no height's bytes begin those of another, so that no coinbase fits two", () => {
    const pushes = Array.from({ length: 70_000 }, (_, height) => toHex(coinbaseHeightPush(height)));
    const sorted = pushes.toSorted();
    for (let index = 1; index < sorted.length; index++) {
      if (sorted[index]!.startsWith(sorted[index - 1]!)) throw new Error(`${sorted[index]}`);
    }
  });
});

describe("size", () => {
  /** The next block, padded by an OP_RETURN output of the coinbase until it has this weight. */
  function blockOfWeight(on: Branch, weight: number): Block {
    const make = (length: number) => {
      const pad = { value: 0, scriptPubKey: concatBytes(NOBODY, new Uint8Array(length)) };
      return on.make({ coinbase: { outputs: [someOutput({ scriptPubKey: ANYONE }), pad] } });
    };
    const guess = (weight - blockWeight(make(100_000).transactions)) / 4 + 100_000;
    const block = make(guess);
    return makeBlock(block.header, block.transactions);
  }

  test.each([
    ["regtest", 4_000_000, REGTEST],
    ["cairn", 16_000_000, CAIRN],
  ] as const)("on %s a block without witnesses weighs at most %i", (_, most, network) => {
    const on = chainOf(1, network);
    for (const [weight, code] of [
      [most - 4, "valid"],
      [most, "valid"],
      [most + 4, "bad-blk-length"],
      [most + 400, "bad-blk-length"],
    ] as const) {
      const block = blockOfWeight(on, weight);
      expect(blockWeight(block.transactions)).toBe(weight);
      expect(codeOf(block, on)).toBe(code);
    }
  });

  test("witnesses weigh a quarter, and are weighed after they were found to be the right ones", () => {
    const make = (length: number) =>
      branch.make({ transactions: [witnessPayment(1, new Uint8Array(length))] });
    const least = blockWeight(make(70_000).transactions) - 70_000;
    const most = REGTEST.params.maxBlockWeight - least;
    expect(codeOf(make(most - 1), branch)).toBe("valid");
    expect(codeOf(make(most), branch)).toBe("valid");
    const over = make(most + 1);
    expect(codeOf(over, branch)).toBe("bad-blk-weight");

    const [coinbase, heavy] = over.transactions as [Transaction, Transaction];
    const heavier = witnessPayment(1, new Uint8Array(most + 2));
    expect(heavier.txid).toBe(heavy.txid);
    expect(codeOf(withBody(over, [coinbase, heavier]), branch)).toBe("bad-witness-merkle-match");
  });
});

describe("signature operations", () => {
  const OP_CHECKSIG = 0xac;
  const OP_CHECKMULTISIG = 0xae;

  const withSigops = (count: number) => {
    const scriptPubKey = new Uint8Array(count).fill(OP_CHECKSIG);
    return branch.make({ transactions: [payment(1, { outputs: [someOutput({ scriptPubKey })] })] });
  };

  test("are limited by their cost of four each, in all scripts together", () => {
    const most = REGTEST.params.maxBlockSigopCost / 4;
    expect(codeOf(withSigops(most - 1), branch)).toBe("valid");
    expect(codeOf(withSigops(most), branch)).toBe("valid");
    expect(codeOf(withSigops(most + 1), branch)).toBe("bad-blk-sigops");
  });

  test("those of the coinbase count too, and a bare multisignature counts as twenty", () => {
    const scriptPubKey = new Uint8Array(1_000).fill(OP_CHECKMULTISIG);
    const outputs = [someOutput({ scriptPubKey })];
    const { inputs } = coinbaseParts(4, []);
    expect(codeOf(branch.make({ coinbase: { inputs, outputs } }), branch)).toBe("valid");
    const scriptSig = concatBytes(inputs[0]!.scriptSig, Uint8Array.of(OP_CHECKSIG));
    const oneMore = { inputs: [{ ...inputs[0]!, scriptSig }], outputs };
    expect(codeOf(branch.make({ coinbase: oneMore }), branch)).toBe("bad-blk-sigops");
  });
});

describe("transactions", () => {
  test("are each checked on their own", () => {
    const negative = payment(2, { outputs: [someOutput({ value: -1 })] });
    const block = branch.make({ transactions: [payment(1), negative] });
    expect(codeOf(block, branch)).toBe("bad-txns-vout-negative");
  });

  test("C-24: are locked by height until the block after it", () => {
    const locked = payment(1, { lockTime: 4, inputs: [someInput({ sequence: 0xfffffffe })] });
    const later = branch.fork().mine(1);
    expect(codeOf(branch.make({ transactions: [locked] }), branch)).toBe("bad-txns-nonfinal");
    expect(codeOf(later.make({ transactions: [locked] }), later)).toBe("valid");
  });

  test("C-24: are locked by the median time past, not by the block's own time", () => {
    const on = chainOf(15);
    const median = medianTimePast(on.context);
    const locked = (lockTime: number) =>
      on.make({
        transactions: [payment(1, { lockTime, inputs: [someInput({ sequence: 0 })] })],
        header: { time: on.context.time + 1_000 },
      });
    expect(codeOf(locked(median - 1), on)).toBe("valid");
    expect(codeOf(locked(median), on)).toBe("bad-txns-nonfinal");
    expect(codeOf(locked(on.context.time + 500), on)).toBe("bad-txns-nonfinal");
  });

  test("C-24: a coinbase can be locked too", () => {
    const { inputs } = coinbaseParts(4, []);
    const notFinal = [{ ...inputs[0]!, sequence: 0 }];
    const locked = (lockTime: number) => branch.make({ coinbase: { inputs: notFinal, lockTime } });
    expect(codeOf(locked(3), branch)).toBe("valid");
    expect(codeOf(locked(4), branch)).toBe("bad-txns-nonfinal");
  });
});

describe("the witness commitment", () => {
  const paid = witnessPayment(1, Uint8Array.of(1));
  const parts = coinbaseParts(4, [someOutput({ scriptPubKey: ANYONE })]);
  const nonce = new Uint8Array(32).fill(7);
  const committed = withCommitment(parts, [paid], nonce);
  const blockOf = (coinbase: TransactionParts, ...rest: readonly Transaction[]) =>
    branch.make({ body: [makeTransaction(coinbase), ...rest] });
  const withWitness = (...witness: readonly Uint8Array[]): TransactionParts => ({
    ...committed,
    inputs: [{ ...committed.inputs[0]!, witness }],
  });

  test("binds all witnesses, with any nonce of 32 bytes", () => {
    expect(codeOf(blockOf(committed, paid), branch)).toBe("valid");
    expect(codeOf(blockOf(withCommitment(parts, [paid]), paid), branch)).toBe("valid");
  });

  test("is needed where there is a witness, and only there", () => {
    expect(codeOf(blockOf(parts, paid), branch)).toBe("unexpected-witness");
    expect(codeOf(blockOf(parts, payment(1)), branch)).toBe("valid");
    expect(codeOf(blockOf(withCommitment(parts, []), payment(1)), branch)).toBe(
      "bad-witness-merkle-match",
    );
    expect(codeOf(blockOf(withCommitment(parts, [payment(1)]), payment(1)), branch)).toBe("valid");
  });

  test("a witness of the coinbase alone is unexpected without it", () => {
    const inputs = [{ ...parts.inputs[0]!, witness: [nonce] }];
    expect(codeOf(blockOf({ ...parts, inputs }), branch)).toBe("unexpected-witness");
  });

  test("C-16: another witness of the same txid is refused", () => {
    const other = witnessPayment(1, Uint8Array.of(2));
    expect(other.txid).toBe(paid.txid);
    expect(codeOf(blockOf(committed, other), branch)).toBe("bad-witness-merkle-match");
    expect(codeOf(blockOf(committed, payment(1)), branch)).toBe("bad-witness-merkle-match");
  });

  test("another nonce is refused", () => {
    const other = new Uint8Array(32).fill(8);
    expect(codeOf(blockOf(withWitness(other), paid), branch)).toBe("bad-witness-merkle-match");
  });

  test.each([
    ["none", []],
    ["an empty one", [new Uint8Array(0)]],
    ["31 bytes", [new Uint8Array(31)]],
    ["33 bytes", [new Uint8Array(33)]],
    ["two of 32", [nonce, nonce]],
  ] as const)("a nonce that is %s is refused", (_name, witness) => {
    expect(codeOf(blockOf(withWitness(...witness), paid), branch)).toBe("bad-witness-nonce-size");
  });

  test("the last of several commitments counts", () => {
    const wrong = { value: 0, scriptPubKey: commitmentScript(new Uint8Array(32)) };
    const [pays, right] = committed.outputs as [
      (typeof committed.outputs)[0],
      (typeof committed.outputs)[0],
    ];
    expect(codeOf(blockOf({ ...committed, outputs: [pays, wrong, right] }, paid), branch)).toBe(
      "valid",
    );
    expect(codeOf(blockOf({ ...committed, outputs: [pays, right, wrong] }, paid), branch)).toBe(
      "bad-witness-merkle-match",
    );
  });

  test("bytes behind the commitment are ignored, one byte less is no commitment", () => {
    const [pays, right] = committed.outputs as [
      (typeof committed.outputs)[0],
      (typeof committed.outputs)[0],
    ];
    const longer = { value: 0, scriptPubKey: concatBytes(right.scriptPubKey, Uint8Array.of(1, 2)) };
    const shorter = { value: 0, scriptPubKey: right.scriptPubKey.slice(0, -1) };
    expect(codeOf(blockOf({ ...committed, outputs: [pays, longer] }, paid), branch)).toBe("valid");
    expect(codeOf(blockOf({ ...committed, outputs: [pays, shorter] }, paid), branch)).toBe(
      "unexpected-witness",
    );
  });

  test("C-16: whatever byte of a witness changes, the block is refused", () => {
    repeatSeeded(0xc16, 200, (random) => {
      const items = Array.from({ length: 1 + random.below(3) }, () =>
        random.bytes(1 + random.below(40)),
      );
      const honest = witnessPayment(1, ...items);
      const coinbase = makeTransaction(withCommitment(parts, [honest], nonce));
      const item = random.pick(items);
      const at = random.below(item.length);
      item[at] = item[at]! ^ (1 << random.below(8));
      const changed = witnessPayment(1, ...items);
      const block = branch.make({ body: [coinbase, honest] });
      expect(codeOf(withBody(block, [coinbase, changed]), branch)).toBe("bad-witness-merkle-match");
    });
  });
});

test("a refused body's order of checks is fixed: the first broken rule gives the code", () => {
  const wrong = branch.make({
    coinbase: { inputs: coinbaseParts(9, []).inputs },
    transactions: [payment(1, { lockTime: 400_000, inputs: [someInput({ sequence: 0 })] })],
  });
  expect(codeOf(wrong, branch)).toBe("bad-txns-nonfinal");
});
