/**
 * Clients that go away, read nothing or read fast, and what a node does not do for them.
 */

import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streamBlocks } from "../../src/api/stream-blocks.ts";
import { FROM_SOURCE } from "../support/process-node.ts";
import { startTestApi, startTestNode } from "../support/test-node.ts";

const MINE = { method: "POST", headers: { "content-type": "application/json" } };

test("blocks that nobody waits for any more are not mined", async () => {
  await using running = await startTestNode();
  const { node } = running;
  await using api = await startTestApi(node);
  const first = Promise.withResolvers<void>();
  node.chain.events.on("tip-changed", () => first.resolve());

  const client = new AbortController();
  const demanded = api
    .fetch("/api/mine", { ...MINE, body: '{"blocks":1000}', signal: client.signal })
    .catch((error: Error) => error.name);
  await first.promise;
  client.abort();
  expect(await demanded).toBe("AbortError");

  // Demands are served in order: this one comes after all that is left of the other.
  await node.miner.mine(1);
  expect(node.chain.tip.height).toBeLessThan(1_000);
  const { height } = node.chain.tip;
  await node.miner.mine(1);
  expect(node.chain.tip.height).toBe(height + 1);
});

test("a stream that is read fast lets others have their turn after every batch", async () => {
  await using running = await startTestNode();
  const { node } = running;
  await node.miner.mine(200);
  expect(await node.index.caughtUp(200, 10_000)).toBe(true);

  let turns = 0;
  let isReading = true;
  const takeTurn = () => {
    turns += 1;
    if (isReading) setImmediate(takeTurn);
  };
  setImmediate(takeTurn);
  const text = await streamBlocks(node).text();
  isReading = false;
  expect(text.trim().split("\n")).toHaveLength(201);
  // 201 lines are four batches.
  expect(turns).toBeGreaterThanOrEqual(4);
});

test("a node whose log nobody reads goes on, and ends well", async () => {
  const data = mkdtempSync(join(tmpdir(), "cairn-unread-"));
  const child = Bun.spawn(
    [
      ...FROM_SOURCE,
      "start",
      "--network",
      "regtest",
      "--port",
      "0",
      "--no-discover",
      "--p2p-port",
      "0",
      "--no-mine",
      "--data",
      data,
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  try {
    await child.stderr.cancel();
    const url = await readUrl(child.stdout);
    for (let round = 0; round < 3; round++) {
      const answer = await fetch(`${url}/api/mine`, { ...MINE, body: '{"blocks":1}' });
      expect(answer.status).toBe(200);
    }
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(data, { recursive: true, force: true });
  }
});

/** The address on the welcome's line; the rest of it is left in the pipe, which has room for it. */
async function readUrl(stdout: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  const reader = stdout.getReader();
  for (let text = ""; ; ) {
    const { done, value } = await reader.read();
    text += decoder.decode(value, { stream: true });
    const url = /Dashboard\s+(http:\/\/\S+?)\/?\s/.exec(text)?.[1];
    if (url !== undefined) return url;
    if (done) throw new Error("the node ended");
  }
}
