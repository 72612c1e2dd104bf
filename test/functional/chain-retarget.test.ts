/**
 * The target follows the hash rate: blocks really mined under a turned clock, with hash power that
 * changes on the way.
 *
 * Only time is simulated: how long a block takes is drawn from the hash power and the target, the
 * nonce is searched by the kernel, and every block goes through the chain's one door.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Chain } from "../../src/chain/chain.ts";
import { ScriptVerifier } from "../../src/chain/script-verifier.ts";
import { findNetwork } from "../../src/consensus/networks.ts";
import { workOfBits } from "../../src/consensus/target.ts";
import { PORTABLE_SIGNATURES } from "../../src/crypto/signature-verifier.ts";
import { SILENT_LOGGER } from "../../src/lib/logger.ts";
import { makeCandidate, makeMinedBlock } from "../../src/mining/block-template.ts";
import { loadKernel } from "../../src/mining/kernel/load-kernel.ts";
import { targetBytes } from "../../src/mining/stream.ts";
import { TemplateBuilder } from "../../src/mining/template-builder.ts";
import { encodeHeader } from "../../src/primitives/block-header.ts";
import { closeChainDatabase, openChainDatabase } from "../../src/storage/database.ts";
import { SeededRandom } from "../support/random.ts";

const network = findNetwork("retarget", 2);
const kernel = loadKernel();
const random = new SeededRandom(20_261);
const folder = mkdtempSync(join(tmpdir(), "cairn-retarget-"));
const SPACING_SECONDS = 10;

/** Blocks of a phase, and those at its end that are measured: the others are for settling. */
const BLOCKS = 500;
const MEASURED_BLOCKS = 300;

let nowMs = 1_800_000_000_000;
const database = openChainDatabase(join(folder, "cairn.db"), {
  network: network.name,
  genesis: network.genesis.hash,
});
const chain = new Chain({
  network,
  database,
  scripts: new ScriptVerifier(PORTABLE_SIGNATURES),
  now: () => nowMs,
  log: SILENT_LOGGER,
});
const builder = new TemplateBuilder({
  chain,
  select: () => ({ transactions: [], totalFees: 0 }),
  now: () => nowMs,
  log: SILENT_LOGGER,
});

afterAll(() => {
  closeChainDatabase(database);
  rmSync(folder, { recursive: true, force: true });
});

describe("with a hash power that changes", () => {
  // Hashes a second, and the blocks after which the target must have followed.
  const phases = [
    { name: "at first", hashrate: 150 },
    { name: "five times as much", hashrate: 750 },
    { name: "a third of that", hashrate: 250 },
  ];
  const intervals: number[] = [];

  beforeAll(() => {
    for (const { hashrate } of phases) {
      mineBlocks(BLOCKS, hashrate);
      const last = chain.tip;
      const first = chain.index.findActive(last.height - MEASURED_BLOCKS);
      intervals.push((last.time - (first?.time ?? 0)) / MEASURED_BLOCKS);
    }
  });

  test.each(phases.map(({ name }, index) => [name, index] as const))(
    "%s, the last 300 of 500 blocks take about 10 seconds each",
    (_, index) => {
      console.log(`mean interval: ${intervals[index]} s`);
      // A period's mean is 10 s times the ratio of its luck to that of the period before: its
      // standard deviation is 1.4 s, and that of three periods' mean about 0.8 s.
      expect(Math.abs((intervals[index] as number) - SPACING_SECONDS)).toBeLessThan(3);
    },
  );

  test("the chain's clock has kept to the simulated one", () => {
    expect(Math.abs(chain.tip.time - nowMs / 1000)).toBeLessThan(121);
  });
});

function mineBlocks(count: number, hashrate: number): void {
  for (let mined = 0; mined < count; mined++) {
    const expectedSeconds = Number(workOfBits(builder.build().bits)) / hashrate;
    const share = (random.below(1_000_000) + 1) / 1_000_001;
    nowMs += Math.round(-Math.log(share) * expectedSeconds * 1000);

    const template = builder.build();
    const payoutScript = Uint8Array.of(0x51);
    const options = { payoutScript, tag: "", stream: "A", extranonce: mined };
    const candidate = makeCandidate(template, options);
    const header = encodeHeader(candidate.header);
    const nonce = kernel.search(header, targetBytes(template.bits), 0, 2 ** 32);
    if (nonce === undefined) throw new Error("no nonce found");
    const verdict = chain.submitBlock(makeMinedBlock(candidate, nonce));
    if (verdict.status !== "connected") throw new Error(`block ${verdict.status}`);
  }
}
