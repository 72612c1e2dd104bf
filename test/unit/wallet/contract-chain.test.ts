/**
 * Contracts on a chain: every branch is accepted by the mempool and in a block exactly when its lock
 * is said to be open, and not a block earlier.
 */

import { describe, expect, test } from "bun:test";
import { medianTimePast } from "../../../src/consensus/difficulty.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { feeAt } from "../../../src/mempool/policy.ts";
import { type Transaction, virtualSize } from "../../../src/primitives/transaction.ts";
import { type Contract, type ContractBranch, getBranch } from "../../../src/wallet/contract.ts";
import { type LockMoment, lockStateAt } from "../../../src/wallet/contract-lock.ts";
import { findPreimage } from "../../../src/wallet/contract-spend.ts";
import { makeContract } from "../../../src/wallet/contract-templates.ts";
import { describeBranch } from "../../../src/wallet/contract-words.ts";
import { Branch, coinOf, QUICK, spend, TestNode } from "../../support/chain-builder.ts";
import {
  ANNA,
  BEN,
  BRANCHES,
  CLEO,
  example,
  party,
  SECRET,
  SECRET_HASH,
  spendContract,
} from "../../support/contracts.ts";
import { FakeChain, MempoolHarness } from "../../support/mempool-harness.ts";
import { paymentKey } from "../../support/payments.ts";

const HOME = paymentKey(0x51).scriptPubKey;
const VALUE = 1_000_000;

/** Where the chain and a coin of height `coinHeight` are. */
function momentOf({ tip, index }: FakeChain, coinHeight: number): LockMoment {
  return {
    height: tip.height,
    medianTime: medianTimePast(tip),
    coinHeight,
    coinTime: medianTimePast(index.findActive(coinHeight - 1)!),
  };
}

/** Mines until the mempool takes `tx`; at each height it must agree with `lockStateAt`. */
function waitFor(world: MempoolHarness, tx: Transaction, branch: ContractBranch): number {
  const start = world.chain.tip.height;
  for (;;) {
    const state = lockStateAt(branch.lock, momentOf(world.chain, start));
    const outcome = world.codeOf(tx);
    expect(outcome === "accepted").toBe(state.status === "open");
    if (outcome === "accepted") return world.chain.tip.height - start;
    expect(["non-final", "non-bip68-final"]).toContain(outcome);
    world.mine([]);
  }
}

describe("the mempool", () => {
  test.each(BRANCHES)(
    "takes %s when its lock is open, and no block earlier",
    (_, contract, branch) => {
      const world = new MempoolHarness();
      const { height } = world.chain.tip;
      const { scriptPubKey } = contract;
      const coins = [1, 2].map(() => {
        const { value, ...outpoint } = world.chain.fund(VALUE, { scriptPubKey, height });
        return { outpoint, value };
      });
      const tx = spendContract({ contract, branch: branch.name, coins, restTo: HOME, feerate: 1 });
      const waited = waitFor(world, tx, branch);
      if (branch.lock === undefined) expect(waited).toBe(0);
      else expect(waited).toBeGreaterThan(5);
      // The next block may have it too.
      world.chain.checkNext([tx], world.scripts);
    },
  );

  test.each(BRANCHES)("is paid the feerate that was asked for: %s", (_, contract, branch) => {
    const { scriptPubKey } = contract;
    const world = new MempoolHarness({
      policy: { minRelayFeerate: 25 },
      chain: new FakeChain({ height: 320 }),
    });
    const { value, ...outpoint } = world.chain.fund(VALUE, { scriptPubKey });
    const coins = [{ outpoint, value }];
    const tx = spendContract({ contract, branch: branch.name, coins, restTo: HOME, feerate: 25 });
    expect(world.codeOf(tx)).toBe("accepted");
    const paid = VALUE - tx.outputs[0]!.value;
    expect(paid - feeAt(25, virtualSize(tx.weight))).toBeLessThanOrEqual(25 * branch.threshold);
  });

  test("starts the heirs' wait anew when the owner moves the coins", () => {
    const contract = example("inheritance");
    const world = new MempoolHarness();
    const { scriptPubKey } = contract;
    const { height } = world.chain.tip;
    const { value, ...outpoint } = world.chain.fund(VALUE, { scriptPubKey, height });
    for (let count = 0; count < 8; count++) world.mine([]);

    const move = spendContract({
      contract,
      branch: "owner",
      coins: [{ outpoint, value }],
      restTo: scriptPubKey,
      feerate: 1,
    });
    world.accept(move);
    world.mine([move]);
    const moved = coinOf(move);
    const heirs = getBranch(contract, "heirs");
    const tx = spendContract({
      contract,
      branch: "heirs",
      coins: [moved],
      restTo: HOME,
      feerate: 1,
    });
    // Ten confirmations, of which there is one.
    expect(waitFor(world, tx, heirs)).toBe(9);
  });

  test("lets the sender learn the secret from the receiver's claim", () => {
    const contract = example("htlc");
    const world = new MempoolHarness();
    const { value, ...outpoint } = world.chain.fund(VALUE, { scriptPubKey: contract.scriptPubKey });
    const coins = [{ outpoint, value }];
    const claim = spendContract({ contract, branch: "claim", coins, restTo: HOME, feerate: 1 });
    const { transactions } = world.mine([world.accept(claim)]);
    expect(transactions.flatMap((tx) => findPreimage(contract, tx) ?? [])).toEqual([SECRET]);
  });
});

const start = QUICK.genesis.header.time;

/** Contracts whose locks open within a few blocks after genesis. */
const SOON: readonly (readonly [branch: string, Contract])[] = [
  ["spend", makeContract("timelock", { owner: party(ANNA), lock: { height: 12 } })],
  ["spend", makeContract("timelock", { owner: party(ANNA), lock: { time: start + 75 } })],
  ["spend", makeContract("timelock", { owner: party(ANNA), lock: { blocks: 6 } })],
  ["spend", makeContract("timelock", { owner: party(ANNA), lock: { seconds: 512 } })],
  [
    "spend",
    makeContract("escrow", { buyer: party(ANNA), seller: party(BEN), arbiter: party(CLEO) }),
  ],
  ...(["claim", "refund"] as const).map((branch) => {
    const refundAfter = { height: 9 };
    const parties = { receiver: party(BEN), sender: party(ANNA) };
    const parameters = { ...parties, hash: toHex(SECRET_HASH), refundAfter };
    return [branch, makeContract("htlc", parameters)] as const;
  }),
  ...(["owner", "heirs"] as const).map((branch) => {
    const heirs = [BEN, CLEO].map(party);
    const parameters = { owner: party(ANNA), heirs, threshold: 2, after: { blocks: 4 } };
    return [branch, makeContract("inheritance", parameters)] as const;
  }),
];

describe("a chain", () => {
  test.each(SOON.map(([branch, contract]) => [contract.template, branch, contract] as const))(
    "takes a block that spends %s by %s when its lock is open, and no earlier",
    (_, name, contract) => {
      const chain = new Branch(QUICK).mine(3);
      const pay = spend([chain.coinbaseCoin(1)], { script: contract.scriptPubKey });
      const coinTime = medianTimePast(chain.context);
      chain.mine({ transactions: [pay] });
      const node = new TestNode(QUICK).follow(chain);
      const coinHeight = chain.height;

      const branch = getBranch(contract, name);
      const coins = [coinOf(pay)];
      const tx = spendContract({ contract, branch: name, coins, restTo: HOME, feerate: 5 });
      for (;;) {
        const medianTime = medianTimePast(chain.context);
        const moment = { height: chain.height, medianTime, coinHeight, coinTime };
        const { state } = describeBranch(branch, moment, 10);
        const outcome = node.offer(chain.make({ transactions: [tx] }));
        expect(outcome).toBe(state.status === "open" ? "connected" : "bad-txns-nonfinal");
        if (outcome === "connected") break;
        node.offer(chain.mine(1).tip);
      }
      expect(chain.height > coinHeight).toBe(branch.lock !== undefined);
      node.close();
    },
  );
});
