/**
 * Single spends through the engine's scripts and the reference model's: locks of every kind and
 * scripts by chance, opened rightly or not. The names of failures must agree as well.
 */

import { PORTABLE_SIGNATURES } from "../../src/crypto/signature-verifier.ts";
import { hashToId, type Txid } from "../../src/primitives/hash-id.ts";
import { encodeTransaction, makeTransaction } from "../../src/primitives/transaction.ts";
import { MANDATORY_FLAGS } from "../../src/script/flags.ts";
import { createSighashCache } from "../../src/script/sighash.ts";
import { verifyInput as verifyOurs } from "../../src/script/verify-input.ts";
import { type Counts, count, Divergence } from "./differential.ts";
import { damageUnlocked, drawLock, drawScriptLock } from "./drawn-locks.ts";
import { SeededRandom } from "./random.ts";
import { parseTransaction } from "./reference-model/block-format.ts";
import { toHex } from "./reference-model/bytes.ts";
import { ALL_FORKS, ScriptFailure } from "./reference-model/script-interpreter.ts";
import { verifyInput as verifyTheirs } from "./reference-model/verify-input.ts";

/** Our name of what older files of Bitcoin Core call otherwise. */
const OUR_NAMES: Readonly<Record<string, string>> = { UNKNOWN_ERROR: "SCRIPTNUM" };

const HEIGHT = 500;
const TIME = 1_600_000_000;

/** Draws transactions of one to three inputs until `spends` inputs were compared; counts outcomes. */
export function runScriptDifferential(seed: number, spends: number): Counts {
  const random = new SeededRandom(seed);
  const outcomes: Counts = new Map();
  for (let done = 0; done < spends; ) done += compareTransaction(random, done, outcomes);
  return outcomes;
}

function compareTransaction(random: SeededRandom, done: number, outcomes: Counts): number {
  const coins = Array.from({ length: 1 + random.below(3) }, () => ({
    lock: random.oneIn(3) ? drawLock(random, HEIGHT, TIME) : drawScriptLock(random),
    value: random.u32(),
  }));
  const lockTime = coins.map(({ lock }) => lock.lockTime).find((time) => time !== undefined);
  const unsigned = {
    version: random.pick([2, 2, 2, 1, -1]),
    inputs: coins.map(({ lock }) => ({
      prevout: { txid: hashToId<Txid>(random.bytes(32)), vout: random.below(3) },
      scriptSig: new Uint8Array(0),
      sequence: lock.sequence ?? random.pick([0xfffffffe, 0xffffffff, 5]),
      witness: [],
    })),
    outputs: Array.from({ length: 1 + random.below(3) }, () => ({
      value: random.u32(),
      scriptPubKey: random.bytes(random.below(30)),
    })),
    lockTime: lockTime ?? 0,
  };
  const parsed = parseTransaction(encodeTransaction(unsigned));
  const theirSpent = coins.map(({ lock, value }) => ({
    value: BigInt(value),
    script: lock.script,
  }));
  const ourSpent = coins.map(({ lock, value }) => ({ value, scriptPubKey: lock.script }));
  const inputs = unsigned.inputs.map((input, index) => {
    const { lock } = coins[index]!;
    const opened = lock.unlock({ transaction: parsed, index, spent: theirSpent, random });
    return { ...input, ...(random.oneIn(4) ? damageUnlocked(opened, random) : opened) };
  });

  const tx = makeTransaction({ ...unsigned, inputs });
  const transaction = parseTransaction(encodeTransaction(tx));
  const cache = createSighashCache(tx);
  for (const [index, { lock }] of coins.entries()) {
    const ours =
      verifyOurs({
        tx,
        inputIndex: index,
        spentOutputs: ourSpent,
        flags: MANDATORY_FLAGS,
        cache,
        signatures: PORTABLE_SIGNATURES,
      }) ?? "OK";
    const theirs = nameOfOutcome(() =>
      verifyTheirs({ transaction, index, spent: theirSpent, forks: ALL_FORKS }),
    );
    if (ours !== (OUR_NAMES[theirs] ?? theirs)) {
      const what = `seed ${random.seed}, spend ${done + index} (${lock.kind})`;
      const bytes = `${toHex(lock.script)} by ${toHex(encodeTransaction(tx))}, input ${index}`;
      throw new Divergence(`${what}: engine ${ours}, model ${theirs}: ${bytes}`);
    }
    count(outcomes, ours);
    count(outcomes, `${lock.isUncertain ? "drawn script" : "known lock"} ${ours === "OK"}`);
  }
  return coins.length;
}

function nameOfOutcome(run: () => void): string {
  try {
    run();
    return "OK";
  } catch (error) {
    if (error instanceof ScriptFailure) return error.message;
    throw error;
  }
}
