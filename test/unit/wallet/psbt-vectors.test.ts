/** The test vectors of BIP-0174 and BIP-0370: what is a PSBT, what is none, and one from creation to transaction. */

import { describe, expect, test } from "bun:test";
import { HDKey } from "@scure/bip32";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import type { Txid } from "../../../src/primitives/hash-id.ts";
import { KEY_VERSIONS } from "../../../src/wallet/account-key.ts";
import { combinePsbts, createPsbt, encodePsbt, parsePsbt } from "../../../src/wallet/psbt.ts";
import { PsbtError } from "../../../src/wallet/psbt-error.ts";
import { describePsbt } from "../../../src/wallet/psbt-facts.ts";
import { finalizePsbt, isComplete, signPsbt } from "../../../src/wallet/psbt-signing.ts";
import { reportCases } from "../../support/report-cases.ts";
import bip174 from "../../vectors/bip174-psbts.json";
import bip370 from "../../vectors/bip370-psbts.json";

const { flow } = bip174;
const MASTER = HDKey.fromExtendedKey(flow.master, KEY_VERSIONS);

describe("BIP-0174's vectors", () => {
  test("every valid PSBT is read, and written again with all that it says", () => {
    for (const [name, hex] of bip174.valid as [string, string][]) {
      const psbt = parsePsbt(fromHex(hex));
      const again = parsePsbt(encodePsbt(psbt));
      expect([name, describePsbt(again)]).toEqual([name, describePsbt(psbt)]);
      // Rows may change their place, and none is lost: unknown ones and extended keys neither.
      expect([name, encodePsbt(again).length]).toEqual([name, hex.length / 2]);
    }
    reportCases("bip174-psbts.json", { valid: bip174.valid.length }, { valid: 10 });
  });

  test("no invalid PSBT is read", () => {
    for (const [name, hex] of bip174.invalid as [string, string][]) {
      expect([name, outcomeOf(() => parsePsbt(fromHex(hex)))]).toEqual([name, "format"]);
    }
    reportCases("bip174-psbts.json", { invalid: bip174.invalid.length }, { invalid: 20 });
  });

  test("no PSBT that contradicts itself is signed", () => {
    for (const [name, hex] of bip174.inconsistent as [string, string][]) {
      // The first is refused by signers alone; it names no key, which psbt.test.ts adds.
      const outcome = outcomeOf(() => signPsbt(parsePsbt(fromHex(hex)), MASTER));
      expect([name, outcome]).toEqual([name, name.startsWith("A Witness UTXO") ? 0 : "format"]);
    }
    const ran = { inconsistent: bip174.inconsistent.length };
    reportCases("bip174-psbts.json", ran, { inconsistent: 4 });
  });

  test("a created PSBT has the published bytes", () => {
    const outputs = flow.outputs.map(({ script, tokens }) => {
      return { value: tokens, scriptPubKey: fromHex(script) };
    });
    const updated = describePsbt(parsePsbt(fromHex(flow.updated)));
    const psbt = createPsbt({
      version: 2,
      lockTime: 0,
      outputs,
      inputs: flow.inputs.map(({ id, vout }) => ({
        outpoint: { txid: id as Txid, vout },
        sequence: 0xffffffff,
        value: 2e8,
        // Of a kind that needs no previous transaction; created PSBTs do not say it yet.
        scriptPubKey: fromHex(flow.outputs[0]!.script),
        keys: [],
      })),
    });
    expect(toHex(psbt.unsignedTx)).toBe(toHex(parsePsbt(fromHex(flow.created)).unsignedTx));
    expect(updated.fee).toBe(10_000);
  });

  test("the master key gives all signatures of both signers, byte for byte", () => {
    const psbt = parsePsbt(fromHex(flow.updated));
    expect(isComplete(psbt)).toBe(false);
    expect(signPsbt(psbt, MASTER)).toBe(4);
    expect(signPsbt(psbt, MASTER)).toBe(0);
    expect(rowsOf(encodePsbt(psbt))).toEqual(rowsOf(fromHex(flow.combined)));
  });

  test("both signers' PSBTs combine, in either order, and become the published transaction", () => {
    const signed = flow.signed.map((hex) => parsePsbt(fromHex(hex)));
    for (const [index, psbt] of signed.entries()) {
      expect([index, isComplete(psbt)]).toEqual([index, false]);
      expect(outcomeOf(() => finalizePsbt(psbt))).toBe("incomplete");
    }
    for (const psbts of [signed, signed.toReversed(), [...signed, ...signed]]) {
      const combined = combinePsbts(psbts);
      expect(rowsOf(encodePsbt(combined))).toEqual(rowsOf(fromHex(flow.combined)));
      expect(toHex(finalizePsbt(combined))).toBe(flow.transaction);
    }
    const finalized = parsePsbt(fromHex(flow.finalized));
    expect(describePsbt(finalized).inputs.map(({ isFinal }) => isFinal)).toEqual([true, true]);
    expect(toHex(finalizePsbt(finalized))).toBe(flow.transaction);
    const steps = { signed: 2, combined: 1, finalized: 1, transaction: 1 };
    reportCases("bip174-psbts.json, one transaction", steps, steps);
  });
});

describe("BIP-0370's vectors", () => {
  const { magic, version0, version2 } = bip370;

  test("version 2 is read with its lock time, and written as version 0 where that can say it", () => {
    const { valid, input, outputs } = version2;
    for (const [name, global, rows, lockTime] of valid as [string, string, string, number][]) {
      const bytes = fromHex(`${magic}${global}00${input}${rows}00${outputs}`);
      const psbt = parsePsbt(bytes);
      const facts = describePsbt(psbt);
      expect([name, facts.lockTime, facts.fee]).toEqual([name, lockTime, 141]);
      expect([name, rowsOf(encodePsbt(psbt))]).toEqual([name, rowsOf(bytes)]);
      const as0 = outcomeOf(() => describePsbt(parsePsbt(encodePsbt(psbt, 0))));
      // The lock times of single inputs are what version 0 cannot say.
      expect([name, as0]).toEqual([name, rows === "" ? facts : "format"]);
    }
    reportCases("bip370-psbts.json", { valid: valid.length }, { valid: 10 });
  });

  test("version 0 is refused with a field of version 2, and read without", () => {
    const { invalid, global, input, outputs } = version0;
    const bytesOf = (globalRow: string, inputRow: string) =>
      fromHex(`${magic}${global}${globalRow}00${input}${inputRow}00${outputs}`);
    for (const [name, globalRow, inputRow] of invalid as [string, string, string][]) {
      const outcome = outcomeOf(() => parsePsbt(bytesOf(globalRow, inputRow)));
      expect([name, outcome]).toEqual([name, "format"]);
    }
    expect(describePsbt(parsePsbt(bytesOf("", ""))).inputs[0]?.isFinal).toBe(true);
    reportCases("bip370-psbts.json", { invalid: invalid.length }, { invalid: 9 });
  });
});

/** Maps of rows, each sorted: BIP-0174 leaves their order open. */
function rowsOf(bytes: Uint8Array): string[][] {
  const maps: string[][] = [[]];
  for (let offset = 5; offset < bytes.length; ) {
    const keyLength = bytes[offset] as number;
    if (keyLength === 0) {
      offset += 1;
      maps.push([]);
      continue;
    }
    const valueAt = offset + 1 + keyLength;
    const isLong = bytes[valueAt] === 0xfd;
    const length = isLong
      ? (bytes[valueAt + 1] as number) + 256 * (bytes[valueAt + 2] as number)
      : (bytes[valueAt] as number);
    const end = valueAt + (isLong ? 3 : 1) + length;
    maps.at(-1)?.push(toHex(bytes.subarray(offset, end)));
    offset = end;
  }
  return maps.map((rows) => rows.sort());
}

function outcomeOf<T>(work: () => T) {
  try {
    return work();
  } catch (error) {
    if (error instanceof PsbtError) return error.code;
    throw error;
  }
}
