/**
 * Peers that come and go leave nothing behind in a process: no descriptor, and no memory.
 */

import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { platform } from "node:os";
import { findNetwork } from "../../src/consensus/networks.ts";
import { LightClient } from "../support/light-client.ts";
import { type PeerNode, PeerNodes } from "../support/peer-nodes.ts";
import { until } from "../support/until.ts";

const ROUNDS = 15;
const PEERS_PER_ROUND = 20;

/** Rounds before memory is looked at: code is compiled, and buffers are had. */
const WARM_UP_ROUNDS = 5;

/** Bytes by which memory may differ for other reasons. */
const MEMORY_SLACK = 30_000_000;

const isLinux = platform() === "linux";
const because = isLinux ? "" : " (skipped: only Linux tells of a process's descriptors)";

test.skipIf(!isLinux)(
  `300 peers come and go, and leave nothing behind${because}`,
  async () => {
    await using group = new PeerNodes();
    const argv = ["--network", group.network, "--difficulty", "1", "--no-mine"];
    const node = await group.start({ name: "node", argv });
    const target = { port: node.p2pPort, network: findNetwork(group.network, 1) };
    await node.api.status();
    const before = descriptors(node);
    const memory: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const joining = Array.from({ length: PEERS_PER_ROUND }, (_, index) =>
        index % 4 === 0 ? LightClient.dial(target) : LightClient.join(target),
      );
      const clients = await Promise.all(joining);
      expect(descriptors(node)).toBeGreaterThanOrEqual(before + PEERS_PER_ROUND / 2);
      // Some in an orderly way, some not.
      for (const [index, client] of clients.entries()) {
        if (index % 2 === 0) client.close();
        else client.reset();
      }
      await until("descriptors are given back", () => descriptors(node) <= before);
      memory.push((await node.api.status()).memoryBytes);
    }
    const settled = memory[WARM_UP_ROUNDS - 1]!;
    const last = memory.at(-1)!;
    console.log(
      `descriptors ${before} before, ${descriptors(node)} after; memory ` +
        `${(settled / 1e6).toFixed(0)} MB after ${WARM_UP_ROUNDS * PEERS_PER_ROUND} peers, ` +
        `${(last / 1e6).toFixed(0)} MB after ${ROUNDS * PEERS_PER_ROUND}`,
    );
    expect(last - settled).toBeLessThan(MEMORY_SLACK);
  },
  60_000,
);

function descriptors({ process: { pid } }: PeerNode): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
