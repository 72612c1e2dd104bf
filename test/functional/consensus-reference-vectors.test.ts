/**
 * The reference model held to published vectors, by itself: a misconception that it shared with the
 * product would not show when the two are compared.
 *
 * The model knows no rules of policy, so a case that fails by one alone is not for it; how many those
 * are is asserted.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  type Block,
  blockWeight,
  merkleRoot,
  type Output,
  parseBlock,
  parseTransaction,
  readOutput,
  type Transaction,
} from "../support/reference-model/block-format.ts";
import {
  checkTransaction,
  checkWork,
  decodeBits,
  encodeBits,
  Invalid,
} from "../support/reference-model/block-rules.ts";
import {
  concat,
  fromHex,
  littleEndian,
  Malformed,
  Reader,
  toHex,
  withLength,
} from "../support/reference-model/bytes.ts";
import {
  codeOf,
  encodeNumber,
  pushOf,
  readOperations,
} from "../support/reference-model/operations.ts";
import { REGTEST } from "../support/reference-model/parameters.ts";
import {
  ALL_FORKS,
  type Fork,
  ScriptFailure,
} from "../support/reference-model/script-interpreter.ts";
import { isStrictDer, legacyHash, verifyBip340 } from "../support/reference-model/signatures.ts";
import { verifyInput } from "../support/reference-model/verify-input.ts";

const require = createRequire(import.meta.url);
const DATA = join(dirname(require.resolve("bitcore-lib/package.json")), "test", "data");

function readJson(name: string): any[] {
  return JSON.parse(readFileSync(join(DATA, name), "utf8"));
}

/** Flags that are forks; strict DER is part of three older flags. */
function forksOf(flags: string): ReadonlySet<Fork> {
  const names = new Set(flags.split(","));
  if (names.has("STRICTENC") || names.has("LOW_S")) names.add("DERSIG");
  return new Set([...ALL_FORKS].filter((fork) => names.has(fork)));
}

/** Bytes of a script as `script_tests.json` writes it. */
function assemble(text: string): Uint8Array {
  const parts = text.split(/\s+/).filter(Boolean);
  return concat(
    ...parts.map((part) => {
      if (/^-?\d+$/.test(part)) return pushNumber(BigInt(part));
      if (part.startsWith("0x")) return fromHex(part.slice(2));
      if (part.startsWith("'")) return pushOf(new TextEncoder().encode(part.slice(1, -1)));
      return new Uint8Array([codeOfAny(part.replace(/^OP_/, ""))]);
    }),
  );
}

function pushNumber(value: bigint): Uint8Array {
  if (value === -1n) return new Uint8Array([0x4f]);
  if (value >= 1n && value <= 16n) return new Uint8Array([0x50 + Number(value)]);
  return pushOf(encodeNumber(value));
}

function codeOfAny(name: string): number {
  const old: Record<string, string> = { NOP2: "CHECKLOCKTIMEVERIFY", NOP3: "CHECKSEQUENCEVERIFY" };
  const code = name === "RESERVED" ? 0x50 : codeOf(old[name] ?? name);
  if (code === undefined) throw new Error(`no operation ${name}`);
  return code;
}

/** "OK", or the name of how an input fails. */
function nameOfOutcome(run: () => void): string {
  try {
    run();
    return "OK";
  } catch (error) {
    if (error instanceof ScriptFailure) return error.message;
    throw error;
  }
}

function encodeTransaction(input: Uint8Array, output: Uint8Array): Uint8Array {
  const one = littleEndian(1, 1);
  return concat(littleEndian(1, 4), one, input, one, output, littleEndian(0, 4));
}

describe("scripts", () => {
  const POLICY = new Set([
    "CLEANSTACK",
    "DISCOURAGE_UPGRADABLE_NOPS",
    "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM",
    "MINIMALDATA",
    "MINIMALIF",
    "NULLFAIL",
    "PUBKEYTYPE",
    "SIG_HASHTYPE",
    "SIG_HIGH_S",
    "WITNESS_PUBKEYTYPE",
  ]);

  /** A coin and its spending, as the head of `script_tests.json` says. */
  function runScriptCase(entry: any[]): { expected: string; actual: string } {
    const witness = Array.isArray(entry[0]) ? entry[0] : [];
    const [scriptSig, script, flags, expected] = witness.length > 0 ? entry.slice(1) : entry;
    const amount = BigInt(Math.round((witness.at(-1) ?? 0) * 1e8));
    const output = concat(littleEndian(amount, 8), withLength(assemble(script)));
    const nowhere = concat(new Uint8Array(32), littleEndian(0xffffffff, 4));
    const credit = parseTransaction(
      encodeTransaction(
        concat(nowhere, withLength(new Uint8Array(2)), littleEndian(-1, 4)),
        output,
      ),
    );
    const spending = parseTransaction(
      encodeTransaction(
        concat(
          fromHex(credit.txid),
          littleEndian(0, 4),
          withLength(assemble(scriptSig)),
          littleEndian(-1, 4),
        ),
        concat(littleEndian(amount, 8), withLength(new Uint8Array(0))),
      ),
    );
    const [input] = spending.inputs;
    if (input !== undefined) input.witness = witness.slice(0, -1).map(fromHex);
    const spend = { transaction: spending, index: 0, spent: credit.outputs, forks: forksOf(flags) };
    return { expected, actual: nameOfOutcome(() => verifyInput(spend)) };
  }

  const cases = readJson("bitcoind/script_tests.json").filter((entry) => entry.length > 1);
  const flagsOf = (entry: any[]): string => entry[Array.isArray(entry[0]) ? 3 : 2];
  const expectedOf = (entry: any[]): string => entry[Array.isArray(entry[0]) ? 4 : 3];
  const isPolicy = (entry: any[]) =>
    POLICY.has(expectedOf(entry)) ||
    (expectedOf(entry) === "UNKNOWN_ERROR" && flagsOf(entry).includes("MINIMALDATA")) ||
    (expectedOf(entry) === "SIG_PUSHONLY" && flagsOf(entry).includes("SIGPUSHONLY"));
  /** Signatures that OpenSSL once read and DER forbids; the model knows only the rule of BIP-0066. */
  const isLax = (entry: any[]) => /(?:no|without) DERSIG$/.test(entry.at(-1));

  test("script_tests.json: every case fails as it says, or does not", () => {
    const wrong: unknown[] = [];
    const run = cases.filter((entry) => !isPolicy(entry) && !isLax(entry));
    for (const entry of run) {
      const { expected, actual } = runScriptCase(entry);
      // A witness script that leaves no single item has a name of its own since this file was made.
      const named = actual === "CLEANSTACK" ? "EVAL_FALSE" : actual;
      if (expected !== named) wrong.push([actual, entry]);
    }
    console.log(`script_tests.json: ${run.length} of ${cases.length} cases`);
    expect(wrong).toEqual([]);
    expect([cases.length, run.length]).toEqual([1189, 1045]);
  });

  test("script_assets_test.json: every success succeeds, and every failure fails", () => {
    const assets = readJson("bitcoind/script_assets_test.json");
    let count = 0;
    const wrong: string[] = [];
    for (const { tx, prevouts, index, flags, success, failure, comment } of assets) {
      const spent = prevouts.map((bytes: string): Output => readOutput(new Reader(fromHex(bytes))));
      for (const [kind, given] of [
        ["success", success],
        ["failure", failure],
      ] as const) {
        if (given === undefined) continue;
        count++;
        const transaction = parseTransaction(fromHex(tx));
        transaction.inputs[index] = {
          ...transaction.inputs[index]!,
          scriptSig: fromHex(given.scriptSig),
          witness: given.witness.map(fromHex),
        };
        const spend = { transaction, index, spent, forks: forksOf(flags) };
        const isGood = nameOfOutcome(() => verifyInput(spend)) === "OK";
        if (isGood !== (kind === "success")) wrong.push(`${kind} ${comment}`);
      }
    }
    console.log(`script_assets_test.json: ${count} spends`);
    expect(wrong).toEqual([]);
    expect(count).toBe(2243 + 1492);
  }, 60_000);

  test("sighash.json: all 500 legacy hashes", () => {
    const [, ...hashes] = readJson("sighash.json");
    for (const [tx, script, index, hashType, expected] of hashes) {
      const hash = legacyHash(parseTransaction(fromHex(tx)), index, fromHex(script), hashType);
      expect(toHex(hash.toReversed())).toBe(expected);
    }
    expect(hashes).toHaveLength(500);
  });

  test("BIP-0340: every signature verifies, or does not, as its table says", () => {
    const table: any[] = require("bitcore-lib/test/data/bip340.js");
    for (const { public_key, message, signature, verification_result } of table) {
      const isGood = verifyBip340(fromHex(message), fromHex(public_key), fromHex(signature));
      expect(isGood).toBe(verification_result);
    }
    expect(table.length).toBe(15);
  });
});

describe("transactions", () => {
  /** Whether a transaction is good by itself and all its scripts allow it. */
  function isGood([prevouts, bytes, flags]: any[]): boolean {
    let transaction: Transaction;
    try {
      transaction = parseTransaction(fromHex(bytes));
      checkTransaction(transaction, REGTEST, (holds, rule) => {
        if (!holds) throw new Invalid(rule);
      });
    } catch (error) {
      if (error instanceof Malformed || error instanceof Invalid) return false;
      throw error;
    }
    const spent = transaction.inputs.map(({ txid, vout }): Output => {
      const found = prevouts.find(
        ([hash, index]: any[]) =>
          toHex(fromHex(hash).toReversed()) === txid && index >>> 0 === vout,
      );
      return { value: BigInt(found[3] ?? 0), script: assemble(found[2]) };
    });
    return transaction.inputs.every((_, index) => {
      const spend = { transaction, index, spent, forks: forksOf(flags) };
      return nameOfOutcome(() => verifyInput(spend)) === "OK";
    });
  }

  /** Whether a scriptSig has a signature that OpenSSL once read and BIP-0066 forbids. */
  const hasLaxSignature = ([, bytes]: any[]) =>
    parseTransaction(fromHex(bytes)).inputs.some(({ scriptSig }) =>
      readOperations(scriptSig).list.some(({ data }) => data[0] === 0x30 && !isStrictDer(data)),
    );

  test("tx_valid.json and tx_invalid.json: every case with the signatures of today", () => {
    const all = readJson("bitcoind/tx_valid.json").filter((entry) => entry.length > 1);
    const valid = all.filter((entry) => !hasLaxSignature(entry));
    const invalid = readJson("bitcoind/tx_invalid.json").filter((entry) => entry.length > 1);
    console.log(`tx_valid.json: ${valid.length} of ${all.length}; tx_invalid: ${invalid.length}`);
    expect(valid.filter((entry) => !isGood(entry))).toEqual([]);
    expect(invalid.filter(isGood)).toEqual([]);
    expect([all.length, valid.length, invalid.length]).toEqual([50, 44, 39]);
  });
});

describe("blocks", () => {
  const MAIN_LIMIT = 0x1d00ffff;

  function expectWhole(block: Block, size: number): void {
    const { root, isMutated } = merkleRoot(block.transactions.map(({ txid }) => fromHex(txid)));
    expect(toHex(root)).toBe(block.header.merkleRoot);
    expect(isMutated).toBe(false);
    // None of them has a witness.
    expect(blockWeight(block)).toBe(4 * size);
    checkWork(block.header, { ...REGTEST, limitBits: MAIN_LIMIT });
  }

  test("real blocks: root, weight and proof of work", () => {
    const blocks = readJson("bitcoind/blocks.json");
    for (const { data, transactions } of blocks) {
      const block = parseBlock(fromHex(data));
      expect(block.transactions).toHaveLength(transactions);
      expectWhole(block, data.length / 2);
    }
    const bytes = new Uint8Array(readFileSync(join(DATA, "blk86756-testnet.dat")));
    // Records of Bitcoin Core's file, each a magic, a length, a block.
    const size = new DataView(bytes.buffer).getUint32(4, true);
    const block = parseBlock(bytes.slice(8, 8 + size));
    expect(toHex(fromHex(block.header.hash).toReversed())).toBe(
      "000000000b99b16390660d79fcc138d2ad0c89a0d044c4201a02bdf1f61ffa11",
    );
    expectWhole(block, size);
    expect(blocks).toHaveLength(5);
  });

  test("compact bits: Bitcoin Core's examples", () => {
    const examples: [number, bigint | undefined, number?][] = [
      [0x00000000, undefined],
      [0x00123456, undefined],
      [0x01003456, undefined],
      [0x02000056, undefined],
      [0x04000000, undefined],
      [0x00923456, undefined],
      [0x01803456, undefined],
      [0x01123456, 0x12n, 0x01120000],
      [0x02123456, 0x1234n, 0x02123400],
      [0x03123456, 0x123456n, 0x03123456],
      [0x04123456, 0x12345600n, 0x04123456],
      [0x04923456, undefined],
      [0x05009234, 0x92340000n, 0x05009234],
      [0x20123456, 0x123456n << 232n, 0x20123456],
      [0xff123456, undefined],
      [0x1d00ffff, 0xffffn << 208n, 0x1d00ffff],
      [0x207fffff, 0x7fffffn << 232n, 0x207fffff],
    ];
    for (const [bits, target, back] of examples) {
      expect(decodeBits(bits)).toBe(target);
      if (target !== undefined) expect(encodeBits(target)).toBe(back ?? 0);
    }
    expect(encodeBits(0x80n)).toBe(0x02008000);
  });
});
