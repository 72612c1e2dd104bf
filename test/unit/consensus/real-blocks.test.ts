/**
 * Real blocks and transactions of Bitcoin: bytes, proof of work, the rules of blocks, and every
 * script whose spent output is known, under the rules that their network had at their height.
 *
 * Most blocks come without the outputs they spend. Where one is made in the block itself, or its
 * script is published, that one is taken; else the script is the only one that the input can
 * satisfy: it hashes the key or the script that the input brings, and signatures commit to it.
 */

import { describe, expect, test } from "bun:test";
import { checkBlock, coinbaseHeightPush } from "../../../src/consensus/check-block.ts";
import { checkProofOfWork } from "../../../src/consensus/check-header.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import type { ConsensusParams } from "../../../src/consensus/params.ts";
import { findCommitment, witnessCommitment } from "../../../src/consensus/witness-commitment.ts";
import { hash160 } from "../../../src/crypto/hash.ts";
import type { SignatureVerifier } from "../../../src/crypto/signature-verifier.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { decodeAll } from "../../../src/lib/codec.ts";
import { scriptOf } from "../../../src/primitives/address.ts";
import {
  type Block,
  blockWeight,
  decodeBlock,
  encodeBlock,
} from "../../../src/primitives/block.ts";
import {
  decodeTransaction,
  encodeTransaction,
  hasWitness,
  makeTransaction,
  outpointKey,
  type Transaction,
  type TxInput,
  type TxOutput,
} from "../../../src/primitives/transaction.ts";
import { parseScript } from "../../../src/script/script.ts";
import { createSighashCache } from "../../../src/script/sighash.ts";
import { verifyInput } from "../../../src/script/verify-input.ts";
import { type BitcoinNetwork, flagsAt } from "../../support/bitcoin-flags.ts";
import { readLargeBlock, readRealBlocks } from "../../support/bitcore-vectors.ts";
import { reportCases } from "../../support/report-cases.ts";
import { SIGNATURE_VERIFIERS } from "../../support/signature-verifiers.ts";
import bip158 from "../../vectors/bip158-blocks.json";
import mainnet from "../../vectors/mainnet-transactions.json";

/** Bitcoin's numbers. Its main network and testnet differ in none that a block is checked with. */
const BITCOIN: ConsensusParams = {
  ...findNetwork("regtest").params,
  powLimit: (1n << 224n) - 1n,
  halvingInterval: 210_000,
};

/** BIP-0034 holds from here on; the coinbase before need not begin with the height. */
const COINBASE_HEIGHT_FROM: Record<BitcoinNetwork, number> = { main: 227_931, testnet3: 21_111 };

interface RealBlock {
  readonly network: BitcoinNetwork;
  readonly height: number;
  readonly hash: string;
  readonly hex: string;
  /** Scripts of the outputs spent, those of the coinbase left out, in order; where published. */
  readonly spentScripts?: readonly string[];
}

/** The four oldest have no height beside them, but times before P2SH. */
const LAST_BEFORE_P2SH = 173_804;

const distinct = new Map((await readRealBlocks()).map((block) => [block.hash, block]));
const BLOCKS: readonly RealBlock[] = [
  ...[...distinct.values()].map(({ hash, hex }, index): RealBlock => {
    const isTestnet = index === distinct.size - 1;
    return isTestnet
      ? { network: "testnet3", height: 86_756, hash, hex }
      : { network: "main", height: LAST_BEFORE_P2SH, hash, hex };
  }),
  {
    network: "main",
    height: 357_238,
    hash: "00000000000000000f3db04d442e92c172691170ca47dfea5be2b9613cf0343d",
    hex: await readLargeBlock(),
  },
  ...(bip158.blocks as [number, string, string, string[], string][]).map(
    ([height, hash, hex, spentScripts]): RealBlock => ({
      network: "testnet3",
      height,
      hash,
      hex,
      spentScripts,
    }),
  ),
];

/**
 * What segwit inputs spend, which their signatures commit to: the one amounts to the fee more than
 * its transaction's output, the fee being all that the coinbase takes beyond the subsidy; the other
 * is the only amount, up to a fee of 0.002 coins, for which its signature is one.
 */
const SEGWIT_AMOUNTS: Readonly<Record<string, number>> = {
  "2c21d40599523d6d24ed1cfe06346d0080362dc1d13f86d4a7f06931c73ce0e0": 16_745_155,
  d06d86bacf88f1f316d4470080b7869f1c298b850e7b219124ae131c0475abb0: 20_021_300,
};

/**
 * Inputs that bring a signature alone, by block: the output holds the key (in the oldest three) or
 * one key of three (in the last), and no data here holds the output.
 */
const UNKNOWN_OUTPUTS: Readonly<Record<string, number>> = {
  "0000000000013b8ab2cd513b0261a14096412195a72a0c4827d229dcc7e0f7af": 1,
  "000000005a4ded781e667e06ceefafb71410b511fe0d5adc3e5a27ecbec34ae6": 2,
  "000000000000b731f2eef9e8c63173adfb07e41bd53eb0ef0a6b720d6cb6dea4": 3,
  "00000000000000000f3db04d442e92c172691170ca47dfea5be2b9613cf0343d": 1,
};

const decode = (hex: string): Block => decodeAll(fromHex(hex), decodeBlock);

describe("real blocks", () => {
  test("are decoded, encoded again, and pass the rules of blocks", () => {
    const counts = { blocks: 0, transactions: 0, "with a witness commitment": 0 };
    for (const { network, height, hash, hex } of BLOCKS) {
      const block = decode(hex);
      expect(block.hash as string).toBe(hash);
      expect(toHex(encodeBlock(block))).toBe(hex);
      checkProofOfWork(block.hash, block.header.bits, BITCOIN);
      checkBlock(block, BITCOIN);
      if (height >= COINBASE_HEIGHT_FROM[network]) {
        const { scriptSig } = block.transactions[0]!.inputs[0]!;
        const push = coinbaseHeightPush(height);
        expect(toHex(scriptSig.subarray(0, push.length))).toBe(toHex(push));
      }
      counts.blocks++;
      counts.transactions += block.transactions.length;
      if (findCommitment(block.transactions[0]!) !== undefined) {
        counts["with a witness commitment"]++;
      }
    }
    reportCases("real blocks", counts, {
      blocks: 16,
      transactions: 432,
      "with a witness commitment": 2,
    });
  });

  test("weigh their bytes without witnesses three times and all of them once (BIP-0141)", () => {
    const weights = BLOCKS.map(({ hex }) => {
      const block = decode(hex);
      const stripped = encodeBlock({
        ...block,
        transactions: block.transactions.map(withoutWitness),
      });
      expect(blockWeight(block.transactions)).toBe(3 * stripped.length + hex.length / 2);
      return {
        isSegwit: block.transactions.some(hasWitness),
        weight: 3 * stripped.length + hex.length / 2,
      };
    });
    expect(weights.filter(({ isSegwit }) => isSegwit).map(({ weight }) => weight)).toEqual([
      7_055, 1_508,
    ]);
  });

  test("commit to each byte of each witness", () => {
    for (const { hex } of BLOCKS) {
      const { transactions } = decode(hex);
      const [coinbase] = transactions as [Transaction];
      const commitment = findCommitment(coinbase);
      const nonce = coinbase.inputs[0]!.witness[0];
      if (commitment === undefined || nonce === undefined) continue;
      expect(toHex(witnessCommitment(transactions, nonce))).toBe(toHex(commitment));

      const index = transactions.findIndex((tx, at) => at > 0 && hasWitness(tx));
      if (index < 0) continue;
      const changed = transactions.with(index, withTurnedWitness(transactions[index]!));
      expect(toHex(witnessCommitment(changed, nonce))).not.toBe(toHex(commitment));
    }
  });

  describe.each(SIGNATURE_VERIFIERS.map((verifier) => [verifier.name, verifier] as const))(
    "the scripts, by the %s verifier",
    (name, signatures) => {
      test("let every input spend its output under the rules of its height", () => {
        const counts = {
          inputs: 0,
          "made in the block": 0,
          published: 0,
          "given by the input": 0,
          "not verified": 0,
        };
        const unknown: Record<string, number> = {};
        for (const block of BLOCKS) {
          for (const { source, error } of verifyBlock(block, signatures)) {
            expect({ hash: block.hash, source, error }).toEqual({
              hash: block.hash,
              source,
              error: source === "not verified" ? "unknown" : undefined,
            });
            counts.inputs++;
            counts[source]++;
            if (source === "not verified") unknown[block.hash] = (unknown[block.hash] ?? 0) + 1;
          }
        }
        expect(unknown).toEqual(UNKNOWN_OUTPUTS);
        reportCases(`scripts of real blocks, ${name}`, counts, {
          inputs: 901,
          "made in the block": 123,
          published: 24,
          "given by the input": 747,
          "not verified": 7,
        });
      }, 30_000);
    },
  );
});

describe("real transactions of the main network", () => {
  /** From the block that brought segwit, from the one that brought Taproot, and today. */
  const HEIGHTS = [481_824, 709_632, 900_000];

  test.each(mainnet.transactions)("$kind", ({ txid, tx: hex, spent }) => {
    const tx = decodeAll(fromHex(hex), decodeTransaction);
    expect(tx.txid as string).toBe(txid);
    expect(toHex(encodeTransaction(tx))).toBe(hex);
    const spentOutputs = (spent as [number, string][]).map(([value, script]) => ({
      value,
      scriptPubKey: fromHex(script),
    }));
    for (const signatures of SIGNATURE_VERIFIERS) {
      for (const height of HEIGHTS) {
        const flags = flagsAt("main", height);
        const cache = createSighashCache(tx);
        const errors = tx.inputs.map((_, inputIndex) =>
          verifyInput({ tx, inputIndex, spentOutputs, flags, cache, signatures }),
        );
        expect(errors.filter((error) => error !== undefined)).toEqual([]);
      }
    }
  });

  test("are not theirs any more with an output changed by one sat", () => {
    const counts = { transactions: 0, inputs: 0, "refused when changed": 0 };
    const [signatures] = SIGNATURE_VERIFIERS as [SignatureVerifier];
    for (const { tx: hex, spent } of mainnet.transactions) {
      const tx = decodeAll(fromHex(hex), decodeTransaction);
      const [first, ...others] = tx.outputs as [TxOutput];
      const changed = makeTransaction({
        ...tx,
        outputs: [{ ...first, value: first.value + 1 }, ...others],
      });
      const spentOutputs = (spent as [number, string][]).map(([value, script]) => ({
        value,
        scriptPubKey: fromHex(script),
      }));
      const cache = createSighashCache(changed);
      const flags = flagsAt("main", 900_000);
      counts.transactions++;
      for (const inputIndex of changed.inputs.keys()) {
        counts.inputs++;
        const error = verifyInput({
          tx: changed,
          inputIndex,
          spentOutputs,
          flags,
          cache,
          signatures,
        });
        if (error !== undefined) counts["refused when changed"]++;
      }
    }
    reportCases("mainnet-transactions.json", counts, {
      transactions: 7,
      inputs: 9,
      "refused when changed": 9,
    });
  });
});

type Source = "made in the block" | "published" | "given by the input" | "not verified";

interface Verdict {
  readonly source: Source;
  readonly error: string | undefined;
}

function verifyBlock(
  { network, height, hex, spentScripts }: RealBlock,
  signatures: SignatureVerifier,
): Verdict[] {
  const { transactions } = decode(hex);
  const made = new Map<string, TxOutput>();
  for (const { txid, outputs } of transactions) {
    for (const [vout, output] of outputs.entries()) made.set(outpointKey({ txid, vout }), output);
  }

  const flags = flagsAt(network, height);
  const published = spentScripts?.values();
  return transactions.slice(1).flatMap((tx) => {
    const spends = tx.inputs.map((input) =>
      spentBy(tx, input, made.get(outpointKey(input.prevout)), published?.next().value),
    );
    // Where one is unknown, an empty script stands in: no legacy signature commits to the others.
    const spentOutputs = spends.map(({ output }) => output ?? { value: 0, scriptPubKey: EMPTY });
    const cache = createSighashCache(tx);
    return spends.map(({ source, output }, inputIndex) => ({
      source,
      error:
        output === undefined
          ? "unknown"
          : verifyInput({ tx, inputIndex, spentOutputs, flags, cache, signatures }),
    }));
  });
}

const EMPTY = new Uint8Array(0);

function spentBy(
  tx: Transaction,
  input: TxInput,
  made: TxOutput | undefined,
  published: string | undefined,
): { source: Source; output: TxOutput | undefined } {
  const value = SEGWIT_AMOUNTS[tx.txid] ?? 0;
  if (made !== undefined) {
    if (published !== undefined) expect(toHex(made.scriptPubKey)).toBe(published);
    return { source: "made in the block", output: made };
  }
  if (published !== undefined) {
    return { source: "published", output: { value, scriptPubKey: fromHex(published) } };
  }
  const scriptPubKey = scriptSatisfiedBy(input.scriptSig);
  return scriptPubKey === undefined
    ? { source: "not verified", output: undefined }
    : { source: "given by the input", output: { value, scriptPubKey } };
}

/** The script that hashes what `scriptSig` brings last: a key after a signature, or a script. */
function scriptSatisfiedBy(scriptSig: Uint8Array): Uint8Array | undefined {
  const pushes = (parseScript(scriptSig) ?? []).map(({ data }) => data ?? EMPTY);
  const last = pushes.at(-1);
  if (last === undefined || pushes.length < 2) return undefined;
  const isKey = (last.length === 33 && last[0]! < 4) || (last.length === 65 && last[0] === 4);
  if (pushes.length === 2 && isKey) {
    return scriptOf({ type: "p2pkh", witnessVersion: undefined, program: hash160(last) });
  }
  // A signature and nothing behind it: the key or keys stand in the output.
  if (last[0] === 0x30) return undefined;
  return scriptOf({ type: "p2sh", witnessVersion: undefined, program: hash160(last) });
}

function withoutWitness(tx: Transaction): Transaction {
  return makeTransaction({ ...tx, inputs: tx.inputs.map((input) => ({ ...input, witness: [] })) });
}

function withTurnedWitness(tx: Transaction): Transaction {
  const [input, ...others] = tx.inputs as [TxInput];
  const [item, ...rest] = input.witness as [Uint8Array];
  const turned =
    item.length === 0 ? Uint8Array.of(1) : item.map((byte, at) => byte ^ (at === 0 ? 1 : 0));
  return makeTransaction({ ...tx, inputs: [{ ...input, witness: [turned, ...rest] }, ...others] });
}
