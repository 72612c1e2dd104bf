/**
 * Transactions: real ones byte for byte, their identifiers against another implementation, and
 * hostile bytes, which are refused with DecodeError or are the only encoding of what they give.
 */

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { Transaction as OtherTransaction } from "@scure/btc-signer";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { ByteWriter, DecodeError, decodeAll } from "../../../src/lib/codec.ts";
import { idToHash, ZERO_HASH } from "../../../src/primitives/hash-id.ts";
import {
  decodeTransaction,
  encodeTransaction,
  hasWitness,
  isCoinbase,
  isNullOutpoint,
  makeTransaction,
  NULL_OUTPOINT,
  NULL_VOUT,
  outpointKey,
  SEQUENCE_FINAL,
  type Transaction,
  virtualSize,
  writeOutpoint,
  writeOutput,
} from "../../../src/primitives/transaction.ts";
import { readBitcoreVectors, readCoreTransactions } from "../../support/bitcore-vectors.ts";
import {
  damage,
  randomTransactionParts,
  someCoinbase,
  someInput,
  someOutput,
  someTransaction,
  someTxid,
} from "../../support/builders.ts";
import { repeatSeeded } from "../../support/random.ts";
import bip143 from "../../vectors/bip143-transactions.json";
import genesis from "../../vectors/genesis-headers.json";

const SEED = 20_260_110;

const decode = (bytes: Uint8Array): Transaction => decodeAll(bytes, decodeTransaction);
const decodeHex = (hex: string): Transaction => decode(fromHex(hex));

const validTransactions = await readCoreTransactions("tx_valid");
const invalidTransactions = await readCoreTransactions("tx_invalid");
const bip341 = await readBitcoreVectors<{
  keyPathSpending: { auxiliary: { fullySignedTx: string } }[];
}>("bitcoind/wallet_test_vectors.json");
const taproot = bip341.keyPathSpending.map(({ auxiliary }) => auxiliary.fullySignedTx);
const witnessTransactions = [...bip143.transactions.map(({ signed }) => signed), ...taproot];

/** What another implementation says of the transaction `hex`. */
function otherOpinion(hex: string) {
  const other = OtherTransaction.fromRaw(fromHex(hex), {
    allowUnknownInputs: true,
    allowUnknownOutputs: true,
    disableScriptCheck: true,
  });
  const wtxid = doubleHash(other.toBytes(true, true));
  // It weighs only what it takes for signed: one that has a script or a witness on every input.
  return { txid: other.id, wtxid, weight: other.isFinal ? other.weight : undefined };
}

/** The shown form of a double SHA-256 by the engine's other implementation. */
function doubleHash(bytes: Uint8Array): string {
  const once = createHash("sha256").update(bytes).digest();
  return createHash("sha256").update(once).digest().reverse().toString("hex");
}

/** Every transaction without a witness that Bitcoin Core's vectors hold. */
async function readAllLegacy(): Promise<string[]> {
  const sighashRows = await readBitcoreVectors<string[][]>("sighash.json");
  const sighash = sighashRows.flatMap((row) => (row.length > 1 ? [row[0] ?? ""] : []));
  return [...validTransactions, ...invalidTransactions, ...sighash];
}

/** Bitcoin Core's script_assets_test.json: a transaction, and the witness that makes one input good. */
interface ScriptAsset {
  tx: string;
  index: number;
  success?: { scriptSig: string; witness: string[] };
}

describe("decodeTransaction and encodeTransaction", () => {
  test("give back every transaction of Bitcoin Core's vectors", async () => {
    const all = [...(await readAllLegacy()), ...witnessTransactions, genesis.coinbase];
    expect(all).toHaveLength(50 + 39 + 500 + 4 + 1);
    for (const hex of all) {
      const tx = decodeHex(hex);
      expect(toHex(encodeTransaction(tx))).toBe(hex);
      expect(tx.totalSize).toBe(hex.length / 2);
      expect(makeTransaction(tx)).toEqual(tx);
    }
  });

  test("give back Bitcoin Core's script assets with the witnesses that satisfy them", async () => {
    const assets = await readBitcoreVectors<ScriptAsset[]>("bitcoind/script_assets_test.json");
    expect(assets).toHaveLength(2243);
    let withWitness = 0;
    for (const { tx: hex, index, success } of assets) {
      const tx = decodeHex(hex);
      if (toHex(encodeTransaction(tx)) !== hex) throw new Error(`changed: ${hex}`);
      if (success === undefined) continue;

      const input = tx.inputs[index];
      if (input === undefined) throw new Error(`no input ${index} in ${hex}`);
      const scriptSig = fromHex(success.scriptSig);
      const witness = success.witness.map(fromHex);
      const inputs = tx.inputs.with(index, { ...input, scriptSig, witness });
      const made = makeTransaction({ ...tx, inputs });
      if (made.totalSize > 100_000) continue;
      if (hasWitness(made)) withWitness++;
      const decoded = decode(encodeTransaction(made));
      if (!Bun.deepEquals(decoded, made, true)) throw new Error(`differs: ${made.txid}`);
    }
    expect(withWitness).toBeGreaterThan(1000);
  });

  test("give the identifiers and sizes that another implementation gives", () => {
    let weighed = 0;
    for (const hex of [...witnessTransactions, ...validTransactions, genesis.coinbase]) {
      const tx = decodeHex(hex);
      const { txid, wtxid, weight } = otherOpinion(hex);
      expect([tx.txid as string, tx.wtxid as string]).toEqual([txid, wtxid]);
      if (weight === undefined) continue;
      weighed++;
      expect(tx.weight).toBe(weight);
    }
    expect(weighed).toBeGreaterThan(40);
  });

  test("give the txid that Bitcoin's first Merkle root is", () => {
    expect(decodeHex(genesis.coinbase).txid as string).toBe(genesis.merkleRoot);
  });

  test.each(bip143.transactions)("weigh the witness of $name once and the rest four times", (v) => {
    const tx = decodeHex(v.signed);
    const base = encodeTransaction(tx, false);
    expect(tx.baseSize).toBe(base.length);
    expect(tx.totalSize).toBe(v.signed.length / 2);
    expect(tx.weight).toBe(3 * base.length + v.signed.length / 2);
    expect(decode(base).txid).toBe(tx.txid);
    expect(decode(base).wtxid as string).toBe(tx.txid as string);
    expect(decodeHex(v.unsigned).outputs).toEqual(tx.outputs);
  });

  test("keep numbers at the bounds of their fields", () => {
    for (const version of [-(2 ** 31), -1, 0, 2 ** 31 - 1]) {
      for (const number of [0, 0x7fffffff, 0x80000000, 0xffffffff]) {
        const tx = someTransaction({
          version,
          lockTime: number,
          inputs: [someInput({ sequence: number, prevout: { txid: someTxid(), vout: number } })],
          outputs: [someOutput({ value: Number.MAX_SAFE_INTEGER }), someOutput({ value: -1 })],
        });
        expect(decode(encodeTransaction(tx))).toEqual(tx);
      }
    }
    const allOnes = decode(encodeTransaction(someTransaction()).fill(0xff, 0, 4));
    expect(allOnes.version).toBe(-1);
  });

  test("keep a script of each length at which its length takes more bytes", () => {
    for (const length of [0, 1, 0xfc, 0xfd, 0xffff, 0x10000]) {
      const script = new Uint8Array(length).fill(7);
      const tx = someTransaction({
        inputs: [someInput({ scriptSig: script, witness: [script, new Uint8Array(0)] })],
        outputs: [someOutput({ scriptPubKey: script })],
      });
      expect(decode(encodeTransaction(tx))).toEqual(tx);
    }
  });

  test("keep more inputs and outputs than one byte counts", () => {
    const inputs = Array.from({ length: 300 }, (_, vout) =>
      someInput({ prevout: { txid: someTxid(), vout } }),
    );
    const tx = someTransaction({ inputs, outputs: Array(253).fill(someOutput()) });
    expect(decode(encodeTransaction(tx))).toEqual(tx);
  });

  test("do not share memory with the bytes they were read from", () => {
    const bytes = fromHex(witnessTransactions[0] ?? "");
    const tx = decode(bytes);
    const before = encodeTransaction(tx);
    bytes.fill(0);
    expect(encodeTransaction(tx)).toEqual(before);
  });
});

describe("makeTransaction", () => {
  test("gives random parts the identifiers and sizes that decoding gives", () => {
    repeatSeeded(SEED, 400, (random) => {
      const made = makeTransaction(randomTransactionParts(random));
      const bytes = encodeTransaction(made);
      expect(decode(bytes)).toEqual(made);
      expect(made.totalSize).toBe(bytes.length);
      expect(made.baseSize).toBe(encodeTransaction(made, false).length);
      expect((made.txid as string) === (made.wtxid as string)).toBe(!hasWitness(made));
    });
  });

  test("refuses numbers that do not fit their field", () => {
    for (const value of [-1, 2 ** 32, 0.5, Number.NaN]) {
      expect(() => someTransaction({ lockTime: value })).toThrow(RangeError);
      const inputs = [someInput({ sequence: value })];
      expect(() => someTransaction({ inputs })).toThrow(RangeError);
      const prevout = { txid: someTxid(), vout: value };
      expect(() => someTransaction({ inputs: [someInput({ prevout })] })).toThrow(RangeError);
    }
    for (const version of [2 ** 31, -(2 ** 31) - 1, 0.5]) {
      expect(() => someTransaction({ version })).toThrow(RangeError);
    }
    for (const value of [2 ** 53, -(2 ** 53), 0.5, Number.NaN]) {
      expect(() => someTransaction({ outputs: [someOutput({ value })] })).toThrow(RangeError);
    }
  });
});

/** The first bytes of the native P2WPKH example: version, marker, flag, input count. */
const EXAMPLE = bip143.transactions[0]?.signed ?? "";

describe("decodeTransaction on one change", () => {
  test("refuses each truncation and any byte more", () => {
    for (const hex of [...witnessTransactions.slice(0, 3), genesis.coinbase]) {
      const bytes = fromHex(hex);
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decode(bytes.subarray(0, length))).toThrow(DecodeError);
      }
      expect(() => decode(concatBytes(bytes, Uint8Array.of(0)))).toThrow(DecodeError);
    }
  });

  test("refuses every flag byte but 1", () => {
    const bytes = fromHex(EXAMPLE);
    for (let flag = 0; flag < 256; flag++) {
      if (flag !== 1) expect(() => decode(bytes.with(5, flag))).toThrow(DecodeError);
    }
  });

  test("refuses the witness form of a transaction without a witness", () => {
    const base = encodeTransaction(someTransaction());
    const marker = Uint8Array.of(0, 1);
    const witnessless = concatBytes(
      base.subarray(0, 4),
      marker,
      base.subarray(4, -4),
      Uint8Array.of(0),
      base.subarray(-4),
    );
    expect(() => decode(witnessless)).toThrow(DecodeError);
  });

  test("refuses the witness form of a transaction without inputs", () => {
    expect(() => decodeHex("02000000000100000000000000")).toThrow(DecodeError);
    expect(() => decodeHex("0200000000010000000000")).toThrow(DecodeError);
  });

  test("reads a transaction of nothing, whose ten bytes are its only encoding", () => {
    const tx = decodeHex("02000000000000000000");
    expect([tx.inputs, tx.outputs]).toEqual([[], []]);
    expect(toHex(encodeTransaction(tx))).toBe("02000000000000000000");
  });

  test.each([
    ["inputs, 253 in three bytes less than it needs", "02000000fdfc00"],
    ["inputs, 1 in three bytes", "02000000fd0100"],
    ["inputs, 1 in five bytes", "02000000fe01000000"],
    ["inputs, 1 in nine bytes", "02000000ff0100000000000000"],
    ["inputs, 2^25", "02000000fe00000002"],
    ["inputs, 2^31", "02000000fe00000080"],
    ["inputs, 2^32 - 1", "02000000feffffffff"],
    ["inputs, 2^53", "02000000ff0000000000002000"],
    ["inputs, 2^64 - 1", "02000000ffffffffffffffffff"],
  ])("refuses the count of %s", (_name, start) => {
    const rest = encodeTransaction(someTransaction()).subarray(5);
    expect(() => decode(concatBytes(fromHex(start), rest))).toThrow(DecodeError);
    expect(() => decode(concatBytes(fromHex(start), new Uint8Array(20_000)))).toThrow(DecodeError);
  });

  test("refuses an amount beyond 2^53 in either direction", () => {
    const bytes = encodeTransaction(someTransaction());
    const at = 4 + 1 + 41 + 1;
    for (const hex of [
      "0000000000002000",
      "000000000000e0ff",
      "0000000000000080",
      "ffffffffffffff7f",
    ]) {
      const changed = bytes.slice();
      changed.set(fromHex(hex), at);
      expect(() => decode(changed)).toThrow(DecodeError);
    }
  });
});

describe("decodeTransaction on hostile bytes", () => {
  const targets = [...witnessTransactions, ...validTransactions, ...invalidTransactions].map(
    fromHex,
  );

  test("either refuses damaged transactions or was given their only encoding", () => {
    let accepted = 0;
    repeatSeeded(SEED, 6000, (random) => {
      let bytes = random.pick(targets);
      for (let round = random.below(3); round >= 0; round--) bytes = damage(bytes, random);
      if (isOnlyEncodingOrRefused(bytes)) accepted++;
    });
    expect(accepted).toBeGreaterThan(500);
  });

  test("either refuses random bytes or was given their only encoding", () => {
    repeatSeeded(SEED, 3000, (random) => {
      const bytes = random.bytes(random.below(120));
      const starts = ["01000000", "0100000001", "01000000000101", "010000000000"];
      isOnlyEncodingOrRefused(concatBytes(fromHex(random.pick(starts)), bytes));
    });
  });

  /** True if `bytes` were accepted; throws if they were, but are not what is encoded again. */
  function isOnlyEncodingOrRefused(bytes: Uint8Array): boolean {
    let tx: Transaction;
    try {
      tx = decode(bytes);
    } catch (error) {
      if (error instanceof DecodeError) return false;
      throw error;
    }
    if (toHex(encodeTransaction(tx)) !== toHex(bytes)) throw new Error(`changed: ${toHex(bytes)}`);
    return true;
  }
});

describe("the txid", () => {
  // BIP-0141: what a third party may change in a witness does not change what spenders refer to.
  test.each(bip143.transactions)("of $name covers all but the witness, the wtxid all", (vector) => {
    const bytes = fromHex(vector.signed);
    const tx = decode(bytes);
    const witnessSize = tx.totalSize - tx.baseSize - 2;
    const witnessStart = bytes.length - 4 - witnessSize;
    let readable = 0;
    for (let index = 0; index < bytes.length; index++) {
      const changed = tryDecode(bytes.with(index, (bytes[index] as number) ^ 1));
      if (changed === undefined) continue;
      readable++;
      const isWitness = index >= witnessStart && index < bytes.length - 4;
      expect(changed.txid === tx.txid).toBe(isWitness);
      expect(changed.wtxid === tx.wtxid).toBe(false);
    }
    expect(readable).toBeGreaterThan(bytes.length / 2);
  });

  function tryDecode(bytes: Uint8Array): Transaction | undefined {
    try {
      return decode(bytes);
    } catch {
      return undefined;
    }
  }
});

describe("isCoinbase and isNullOutpoint", () => {
  test("know the one input that names no output", () => {
    expect(isCoinbase(decodeHex(genesis.coinbase))).toBe(true);
    expect(isCoinbase(someCoinbase())).toBe(true);
    expect(isCoinbase(someTransaction())).toBe(false);
    const nullInput = someInput({ prevout: NULL_OUTPOINT });
    expect(isCoinbase(someTransaction({ inputs: [nullInput, someInput()] }))).toBe(false);
    expect(isCoinbase(someTransaction({ inputs: [] }))).toBe(false);
  });

  test("need both the zero hash and the last index", () => {
    expect(isNullOutpoint({ txid: ZERO_HASH, vout: NULL_VOUT })).toBe(true);
    expect(isNullOutpoint({ txid: ZERO_HASH, vout: 0 })).toBe(false);
    expect(isNullOutpoint({ txid: someTxid(), vout: NULL_VOUT })).toBe(false);
  });
});

describe("virtualSize", () => {
  test("rounds a quarter of the weight up", () => {
    expect([0, 1, 3, 4, 5, 8].map(virtualSize)).toEqual([0, 1, 1, 1, 2, 2]);
  });
});

describe("outpointKey", () => {
  test("tells outputs of one transaction apart", () => {
    expect(outpointKey({ txid: someTxid(), vout: 1 })).toBe(`${someTxid()}:1`);
  });
});

describe("writeOutpoint and writeOutput", () => {
  test("write as a transaction does", () => {
    const tx = someTransaction({ inputs: [someInput({ sequence: SEQUENCE_FINAL })] });
    const bytes = toHex(encodeTransaction(tx));
    const writer = new ByteWriter(0);
    writeOutpoint(writer, { txid: someTxid(), vout: 0 });
    expect(writer.finish().subarray(0, 32)).toEqual(idToHash(someTxid()));
    expect(bytes).toContain(toHex(writer.finish()));

    const output = new ByteWriter(0);
    writeOutput(output, someOutput());
    expect(bytes).toContain(toHex(output.finish()));
  });
});
