/**
 * The engine beside the reference model at length: twenty thousand random blocks, every rule that a
 * block can break, and every wrong model noticed.
 */

import { describe, expect, test } from "bun:test";
import { findNetwork } from "../../src/consensus/networks.ts";
import {
  addTally,
  emptyTally,
  formatCounts,
  formatTally,
  runDifferential,
} from "../support/differential.ts";
import { CAIRN, REGTEST } from "../support/reference-model/parameters.ts";
import { runScriptDifferential } from "../support/script-differential.ts";
import { findDivergence, MISSING_RULES, WRONG_PARAMETERS } from "../support/wrong-models.ts";

/** Every rule of blocks but those that others stand before (the test names them), and bytes. */
const REACHABLE = `bad-blk-length bad-blk-sigops bad-blk-weight bad-cb-amount bad-cb-height
  bad-cb-length bad-cb-missing bad-cb-multiple bad-diffbits bad-prevblk bad-txnmrklroot
  bad-txns-duplicate bad-txns-in-belowout bad-txns-inputs-duplicate bad-txns-inputs-missingorspent
  bad-txns-legacy-sigops bad-txns-nonfinal bad-txns-premature-spend-of-coinbase
  bad-txns-prevout-null bad-txns-txouttotal-toolarge bad-txns-undersize bad-txns-vin-empty
  bad-txns-vout-empty bad-txns-vout-negative bad-txns-vout-toolarge bad-version
  bad-witness-merkle-match bad-witness-nonce-size duplicate-invalid high-hash malformed
  script-verify-failed time-timewarp-attack time-too-new time-too-old unexpected-witness`.split(
  /\s+/,
);

const RUNS_A_NETWORK = 16;
const BLOCKS_A_RUN = 640;
/** The ordinary run's seeds are lower. */
const FIRST_SEED = 1_000;
const ATTEMPTS = 20;
const TIMEOUT_MS = 3_600_000;

test(
  "the engine and the reference model agree on twenty thousand random blocks",
  () => {
    const sum = emptyTally();
    const cairn = { network: findNetwork("cairn", 1), parameters: CAIRN };
    const regtest = { network: findNetwork("regtest"), parameters: REGTEST, largeBlocks: 3 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS_A_NETWORK; seed++) {
      addTally(sum, runDifferential({ ...cairn, seed, blocks: BLOCKS_A_RUN }));
      addTally(sum, runDifferential({ ...regtest, seed, blocks: BLOCKS_A_RUN }));
    }
    console.log(formatTally(sum));

    expect(sum.blocks).toBeGreaterThanOrEqual(20_000);
    // bad-txns-oversize comes after bad-blk-length, which is smaller; bad-txns-bip30 after bad-cb-height;
    // and there is never as much money as bad-txns-inputvalues-outofrange and -fee-outofrange need.
    expect([...sum.rules.keys()].sort()).toEqual(REACHABLE);
    expect(sum.statuses.get("connected")).toBeGreaterThan(6_000);
    expect([...sum.reorgDepths.values()].reduce((a, b) => a + b, 0)).toBeGreaterThan(400);
    expect(sum.reorgDepths.size).toBeGreaterThanOrEqual(15);
    expect(sum.kinds.size).toBeGreaterThanOrEqual(42);
  },
  TIMEOUT_MS,
);

test(
  "the two interpreters agree on 60,000 spends, and on the names of failures",
  () => {
    const outcomes = runScriptDifferential(FIRST_SEED, 60_000);
    console.log(formatCounts(outcomes));
    expect(outcomes.size).toBeGreaterThanOrEqual(35);
  },
  TIMEOUT_MS,
);

describe("the comparison notices", () => {
  test.each([...WRONG_PARAMETERS, ...MISSING_RULES].map((model) => [model.name, model] as const))(
    "a model that is wrong: %s",
    (_, model) => {
      expect(findDivergence(model, ATTEMPTS)?.message).toContain("engine");
    },
    TIMEOUT_MS,
  );
});
