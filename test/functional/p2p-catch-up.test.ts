/**
 * A node that is started late gets a long chain from those that have it, and then follows the tip;
 * nobody's API waits for that.
 */

import { expect, test } from "bun:test";
import { catchUp } from "../support/catch-up.ts";
import { grownChain } from "../support/grown-chain.ts";
import { paymentKey } from "../support/payments.ts";
import { addressOf, PeerNodes, untilOneChain } from "../support/peer-nodes.ts";
import { percentile } from "../support/until.ts";

const BLOCKS = 2_000;
const PAYMENTS_PER_BLOCK = 10;

/** Milliseconds in which an API answers, whatever its node is doing. */
const ANSWER_LIMIT_MS = 500;

test("a fourth node catches up 20,000 transactions, and follows the tip", async () => {
  await using group = new PeerNodes();
  const { network } = group;
  const madeAt = performance.now();
  using chain = grownChain({ network, blocks: BLOCKS, paymentsPerBlock: PAYMENTS_PER_BLOCK });
  const madeSeconds = (performance.now() - madeAt) / 1000;
  expect(chain.payments).toBe(20_000);
  const { old, late, seconds, answersMs } = await catchUp(group, chain, { oldCount: 3 });
  const worstMs = Math.max(...answersMs);
  console.log(
    `${chain.height} blocks (made in ${madeSeconds.toFixed(1)} s) in ${seconds.toFixed(1)} s: ` +
      `${Math.round(chain.height / seconds)} blocks/s, ` +
      `${Math.round(chain.payments / seconds)} transactions/s; ${answersMs.length} answers, ` +
      `p99 ${percentile(answersMs, 0.99).toFixed(0)} ms, worst ${worstMs.toFixed(0)} ms`,
  );
  expect(worstMs).toBeLessThan(ANSWER_LIMIT_MS);

  await old[1]!.api.mine(3);
  await untilOneChain([...old, late], { height: chain.height + 3 });
  await late.api.mine(2);
  await untilOneChain([...old, late], { height: chain.height + 5 });
  const address = addressOf(paymentKey(), network);
  const balances = await Promise.all(
    [old[0]!, late].map(async ({ api }) => JSON.stringify(await api.balance(address))),
  );
  expect(balances[0]).toBe(balances[1]!);
}, 120_000);
