/**
 * The chain as a stream: no faster than it is read, whole although the chain moves on, and not more
 * at once than the disk can serve.
 *
 * Reads the stream itself, since sockets hide megabytes of it in buffers.
 */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { ApiError } from "../../src/api/problem.ts";
import { MAX_STREAMS, streamBlocks } from "../../src/api/stream-blocks.ts";
import type { BlockSources } from "../../src/api/view-block.ts";
import { type RunningNode, startTestNode } from "../support/test-node.ts";

const BLOCKS = 500;

let running: RunningNode;

beforeAll(async () => {
  running = await startTestNode();
  await running.node.miner.mine(BLOCKS);
  const { index, chain } = running.node;
  await index.caughtUp(chain.tip.hash, 10_000);
});

afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

/** The node's chain and index, and how many blocks were asked for. */
function countedSources(): { sources: BlockSources; count: () => number } {
  let count = 0;
  const { chain, explorer } = running.node;
  const counted = new Proxy(chain, {
    get(target, name) {
      if (name === "getDetails") count += 1;
      const member = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  return { sources: { chain: counted, explorer }, count: () => count };
}

test("renders no more than a little ahead of its reader", async () => {
  const { sources, count } = countedSources();
  const reader = streamBlocks(sources).body!.getReader();
  await reader.read();
  await new Promise((resolve) => setImmediate(resolve));
  expect(count()).toBeLessThan(BLOCKS / 2);
  const before = count();
  await reader.read();
  expect(count()).toBeGreaterThan(before);
  await reader.cancel();
});

test("is the chain as it was when the stream began", async () => {
  const { chain, explorer } = running.node;
  const tip = chain.tip;
  const response = streamBlocks({ chain, explorer });
  await running.node.miner.mine(3);
  const lines = (await response.text()).trimEnd().split("\n");
  expect(lines).toHaveLength(tip.height + 1);
  expect(JSON.parse(lines.at(-1) ?? "").hash).toBe(tip.hash);
});

test("is refused when too many run, and again possible when one ends", async () => {
  const { sources } = countedSources();
  const responses = Array.from({ length: MAX_STREAMS }, () => streamBlocks(sources));
  expect(() => streamBlocks(sources)).toThrow(ApiError);
  await responses[0]!.body!.cancel();
  const next = streamBlocks(sources);
  await next.text();
  for (const response of responses.slice(1)) await response.body!.cancel();
  for (let round = 0; round < 3 * MAX_STREAMS; round++) await streamBlocks(sources).body!.cancel();
});
