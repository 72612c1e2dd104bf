/** Signed messages: BIP-0322's vectors, our own signatures, and what a signature must not leave open. */

import { describe, expect, test } from "bun:test";
import { base64 } from "@scure/base";
import { SigHash, Transaction } from "@scure/btc-signer";
import fc from "fast-check";
import { publicKeyOf } from "../../../src/crypto/keys.ts";
import { ByteWriter } from "../../../src/lib/codec.ts";
import { type AddressPrefixes, parseAddress, parseWif } from "../../../src/primitives/address.ts";
import { encodeTransaction, makeTransaction } from "../../../src/primitives/transaction.ts";
import { type AccountKind, scriptOfKey } from "../../../src/wallet/account.ts";
import {
  MAX_MESSAGE_BYTES,
  MAX_SIGNATURE_LENGTH,
  MessageError,
  messageTransactions,
  signMessage,
  verifyMessage,
} from "../../../src/wallet/message.ts";
import { reportCases } from "../../support/report-cases.ts";
import bip322 from "../../vectors/bip322-messages.json";

const MAIN: AddressPrefixes = { bech32: "bc", p2pkh: 0x00, p2sh: 0x05, wif: 0x80 };
const KEY = new Uint8Array(32).fill(0x11);
const KINDS: readonly AccountKind[] = ["wpkh", "tr", "pkh"];

describe("BIP-0322's vectors", () => {
  test("both transactions have the published identifiers", () => {
    for (const { message, address, to_spend, to_sign } of bip322.tx_hashes) {
      const { toSpend, toSign } = messageTransactions(message, parseAddress(address, MAIN));
      expect([toSpend.txid, toSign.txid]).toEqual([to_spend, to_sign] as never);
    }
    const ran = { messages: bip322.tx_hashes.length };
    reportCases("bip322-messages.json, transactions", ran, { messages: 3 });
  });

  test("simple signatures are valid, and one of them is ours", () => {
    let signatures = 0;
    let made = 0;
    for (const { message, address, key, signatures: published } of bip322.simple) {
      const script = parseAddress(address, MAIN);
      for (const signature of published) {
        expect(verifyMessage(message, script, signature)).toEqual({ status: "valid" });
        signatures++;
      }
      if (key === undefined) continue;
      const ours = signMessage(message, script, parseWif(key, MAIN));
      expect(verifyMessage(message, script, ours)).toEqual({ status: "valid" });
      const isEcdsa = script.length === 22;
      if (isEcdsa && published.some((text) => ours.endsWith(text.replace(/^smp/, "")))) made++;
    }
    reportCases("bip322-messages.json, simple", { signatures, made }, { signatures: 9, made: 3 });
  });

  test("full signatures are valid once the chain is as far as they say", () => {
    for (const { message, address, lock, signature } of bip322.full) {
      const script = parseAddress(address, MAIN);
      const verdict = verifyMessage(message, script, `ful${signature}`);
      expect(verdict).toEqual({ status: "locked", lockTime: lock, sequence: lock });
      expect(verifyMessage(`${message}.`, script, `ful${signature}`).status).toBe("invalid");
    }
    reportCases(
      "bip322-messages.json, full",
      { signatures: bip322.full.length },
      { signatures: 5 },
    );
  });

  test("every error is one", () => {
    for (const { description, message, address, signature } of bip322.error) {
      const { status } = verifyMessage(message, parseAddress(address, MAIN), signature);
      expect([description, status]).toEqual([description, "invalid"]);
    }
    reportCases("bip322-messages.json, errors", { cases: bip322.error.length }, { cases: 9 });
  });
});

describe("signMessage and verifyMessage", () => {
  test("agree on any text, and on no other text or script", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...KINDS),
        fc.string({ unit: "binary", maxLength: 60 }),
        (kind, message) => {
          const script = scriptOfKey(kind, publicKeyOf(KEY));
          const signature = signMessage(message, script, KEY);
          expect(signature.slice(0, 3)).toBe(kind === "pkh" ? "ful" : "smp");
          expect(verifyMessage(message, script, signature)).toEqual({ status: "valid" });
          expect(verifyMessage(`${message}x`, script, signature).status).toBe("invalid");
          const other = scriptOfKey(kind, publicKeyOf(new Uint8Array(32).fill(0x12)));
          expect(verifyMessage(message, other, signature).status).toBe("invalid");
        },
      ),
      { numRuns: 12 },
    );
  });

  test("refuse a key that is not the script's, and a script that one key cannot satisfy", () => {
    for (const kind of KINDS) {
      const script = scriptOfKey(kind, publicKeyOf(new Uint8Array(32).fill(0x12)));
      expect(problemOf(() => signMessage("", script, KEY))).toBe("wrong-key");
    }
    const multisignature = parseAddress(bip322.simple[2]!.address, MAIN);
    expect(problemOf(() => signMessage("", multisignature, KEY))).toBe("wrong-key");
    expect(problemOf(() => signMessage("", Uint8Array.of(0x6a), KEY))).toBe("wrong-key");
  });

  test("bound messages and signatures", () => {
    const script = scriptOfKey("wpkh", publicKeyOf(KEY));
    const longest = "é".repeat(MAX_MESSAGE_BYTES / 2);
    const signature = signMessage(longest, script, KEY);
    expect(verifyMessage(longest, script, signature)).toEqual({ status: "valid" });
    expect(problemOf(() => signMessage(`${longest}.`, script, KEY))).toBe("too-large");
    const tooLong = { status: "invalid", reason: "format" } as const;
    expect(verifyMessage(`${longest}.`, script, signature)).toEqual(tooLong);
    expect(verifyMessage("", script, "A".repeat(MAX_SIGNATURE_LENGTH + 1))).toEqual(tooLong);
  });

  test("refuse a valid signature that leaves a part of the transaction open", () => {
    for (const kind of ["wpkh", "tr"] as const) {
      const script = scriptOfKey(kind, publicKeyOf(KEY));
      const { toSpend } = messageTransactions("m", script);
      for (const sighashType of [SigHash.ALL, SigHash.NONE, SigHash.ALL_ANYONECANPAY]) {
        const psbt = new Transaction({ version: 0, allowUnknownOutputs: true });
        psbt.addInput({
          txid: toSpend.txid,
          index: 0,
          sequence: 0,
          sighashType,
          witnessUtxo: { amount: 0n, script },
          ...(kind === "tr" && { tapInternalKey: publicKeyOf(KEY).subarray(1) }),
        });
        psbt.addOutput({ amount: 0n, script: Uint8Array.of(0x6a) });
        psbt.signIdx(KEY, 0, [sighashType]);
        psbt.finalize();
        const verdict = verifyMessage("m", script, simpleOf(psbt.getInput(0).finalScriptWitness!));
        expect([kind, sighashType, verdict.status === "valid"]).toEqual([
          kind,
          sighashType,
          sighashType === SigHash.ALL,
        ]);
      }
    }
  });

  test("refuse a full transaction with more inputs or outputs than the one", () => {
    const script = scriptOfKey("pkh", publicKeyOf(KEY));
    const signature = signMessage("m", script, KEY);
    const { toSpend, toSign } = messageTransactions("m", script);
    expect(verifyMessage("m", script, signature)).toEqual({ status: "valid" });
    const [input] = toSign.inputs;
    const [output] = toSign.outputs;
    for (const parts of [
      { ...toSign, inputs: [input!, { ...input!, prevout: { txid: toSpend.txid, vout: 1 } }] },
      { ...toSign, inputs: [{ ...input!, prevout: { txid: toSpend.txid, vout: 1 } }] },
      { ...toSign, outputs: [output!, output!] },
      { ...toSign, outputs: [{ ...output!, value: 1 }] },
      { ...toSign, outputs: [] },
    ]) {
      const text = `ful${base64.encode(encodeTransaction(makeTransaction(parts)))}`;
      expect(verifyMessage("m", script, text)).toEqual({ status: "invalid", reason: "format" });
    }
  });

  test("leave open what later rules may decide", () => {
    const future = Uint8Array.of(0x52, 0x02, 1, 2);
    expect(verifyMessage("m", future, simpleOf([Uint8Array.of(1)]))).toEqual({
      status: "inconclusive",
    });
  });

  test("never fail on text", () => {
    const script = scriptOfKey("tr", publicKeyOf(KEY));
    const bytes = fc.uint8Array({ maxLength: 200 }).map((data) => base64.encode(data));
    const prefix = fc.constantFrom("", "smp", "ful", "pof");
    fc.assert(
      fc.property(prefix, fc.oneof(fc.string(), bytes), (start, text) => {
        expect(verifyMessage("m", script, start + text).status).toBe("invalid");
      }),
    );
  });
});

function problemOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof MessageError) return error.code;
    throw error;
  }
  throw new Error("accepted");
}

function simpleOf(witness: readonly Uint8Array[]): string {
  const writer = new ByteWriter().compactSize(witness.length);
  for (const item of witness) writer.variableBytes(item);
  return `smp${base64.encode(writer.finish())}`;
}
