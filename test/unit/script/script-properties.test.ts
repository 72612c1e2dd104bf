/**
 * What holds of scripts as bytes and as text, of numbers, signatures, keys and control blocks,
 * whatever bytes come: both directions agree, and nothing throws.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes, toHex } from "../../../src/lib/bytes.ts";
import { findOpcode, Opcode, opcodeName } from "../../../src/script/opcodes.ts";
import {
  decodeBoolean,
  decodeNumber,
  encodeNumber,
  formatScript,
  isMinimalPush,
  isPushOnly,
  parseScript,
  pushData,
  pushLiteral,
  ScriptBuilder,
  type ScriptElement,
  ScriptReader,
} from "../../../src/script/script.ts";
import {
  checkPublicKeyEncoding,
  checkSignatureEncoding,
  isStrictDer,
  parseLaxDer,
  toCompactLowS,
  toCompressedKey,
} from "../../../src/script/signature-encoding.ts";
import {
  classifyOutput,
  multisigScript,
  nullDataScript,
  parseMultisig,
} from "../../../src/script/standard.ts";
import { decodeControlBlock } from "../../../src/script/taproot.ts";
import {
  ANY_ELEMENT,
  ANY_FLAGS,
  ANY_HASH,
  ANY_SCRIPT,
  damaged,
} from "../../support/arbitraries.ts";
import { compactFromDer } from "../../support/der.ts";
import { compactToDer } from "../../support/payments.ts";
import { runs } from "../../support/property-runs.ts";

/** The order of the group. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Bytes of the length after the opcodes that have one. */
const PUSH_PREFIX_LENGTHS = new Map<number, number>([
  [Opcode.OP_PUSHDATA1, 1],
  [Opcode.OP_PUSHDATA2, 2],
  [Opcode.OP_PUSHDATA4, 4],
]);

/** The opcode and its data as bytes, in the length form that the opcode says. */
function encodeElement({ opcode, data }: ScriptElement): Uint8Array {
  const prefixLength = PUSH_PREFIX_LENGTHS.get(opcode) ?? 0;
  const prefix = Array.from({ length: prefixLength }, (_, at) => (data.length >>> (8 * at)) & 0xff);
  return concatBytes(Uint8Array.of(opcode, ...prefix), data);
}

describe("parseScript", () => {
  test("gives elements that are the script again when written one after the other", () => {
    fc.assert(
      fc.property(fc.oneof(ANY_SCRIPT, damaged(ANY_SCRIPT)), (script) => {
        const elements = parseScript(script);
        if (elements === undefined) return;
        expect(toHex(concatBytes(...elements.map(encodeElement)))).toBe(toHex(script));
        expect(isPushOnly(script)).toBe(elements.every(({ opcode }) => opcode <= Opcode.OP_16));
      }),
      runs(1_000),
    );
  });

  test("gives nothing exactly where a script ends within a push", () => {
    fc.assert(
      fc.property(ANY_SCRIPT, ANY_ELEMENT, fc.nat(), (before, data, cut) => {
        const push = pushLiteral(data.length < 2 ? Uint8Array.of(1, 2) : data);
        const kept = push.subarray(0, 1 + (cut % (push.length - 1)));
        if (parseScript(before) === undefined) return;
        expect(parseScript(concatBytes(before, kept))).toBeUndefined();
        expect(parseScript(concatBytes(before, push))).toBeDefined();
      }),
      runs(500),
    );
  });

  test("reads each byte once, and only forward", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300, size: "max" }), (script) => {
        const reader = new ScriptReader(script);
        let end = 0;
        while (reader.next()) {
          expect(reader.offset).toBeGreaterThan(end);
          expect(reader.dataOffset + reader.dataLength).toBe(reader.offset);
          end = reader.offset;
        }
        expect(reader.isMalformed).toBe(end !== script.length);
      }),
      runs(500),
    );
  });
});

describe("pushes", () => {
  test("are read as the data, and only the shortest form is the shortest", () => {
    fc.assert(
      fc.property(fc.oneof(ANY_ELEMENT, fc.uint8Array({ maxLength: 300, size: "max" })), (data) => {
        const [shortest] = parseScript(pushData(data))!;
        const [literal] = parseScript(pushLiteral(data))!;
        expect(literal!.data).toEqual(data);
        expect(isMinimalPush(shortest!.opcode, data)).toBe(true);
        expect(pushData(data).length).toBeLessThanOrEqual(pushLiteral(data).length);
        for (let opcode = 0; opcode <= Opcode.OP_16; opcode++) {
          expect(isMinimalPush(opcode, data)).toBe(opcode === shortest!.opcode);
        }
        if (data.length > 520) return;
        expect(toHex(new ScriptBuilder().data(data).build())).toBe(toHex(pushData(data)));
      }),
      runs(300),
    );
  });
});

describe("numbers", () => {
  const NUMBER = fc.integer({ min: -(2 ** 47) + 1, max: 2 ** 47 - 1 });

  test("come back, from at most six bytes, in their shortest form", () => {
    fc.assert(
      fc.property(fc.oneof(NUMBER, fc.integer({ min: -300, max: 300 })), (number) => {
        const bytes = encodeNumber(number);
        expect(bytes.length).toBeLessThanOrEqual(6);
        expect(decodeNumber(bytes, true, 6)).toBe(number);
        expect(decodeBoolean(bytes)).toBe(number !== 0);
      }),
      runs(1_000),
    );
  });

  test("have one shortest form: what is accepted as such is written so again", () => {
    const last = fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0x81, 0xff);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 7 }),
      fc
        .tuple(fc.uint8Array({ maxLength: 5 }), last)
        .map(([rest, end]) => Uint8Array.of(...rest, end)),
    );
    fc.assert(
      fc.property(bytes, fc.integer({ min: 0, max: 6 }), (given, maxLength) => {
        const lax = decodeNumber(given, false, maxLength);
        const strict = decodeNumber(given, true, maxLength);
        expect(lax === undefined).toBe(given.length > maxLength);
        if (lax === undefined) {
          expect(strict).toBeUndefined();
          return;
        }
        const isShortest = toHex(encodeNumber(lax)) === toHex(given);
        expect(strict).toBe(isShortest ? lax : undefined);
        expect(decodeBoolean(given)).toBe(lax !== 0);
      }),
      runs(1_000),
    );
  });
});

describe("text", () => {
  test("has a word for each element, and says where a script ends within a push", () => {
    fc.assert(
      fc.property(fc.oneof(ANY_SCRIPT, fc.uint8Array()), (script) => {
        const words = formatScript(script)
          .split(" ")
          .filter((word) => word !== "");
        const elements = parseScript(script);
        expect(words.at(-1) === "[error]").toBe(elements === undefined);
        if (elements !== undefined) expect(words.length).toBe(elements.length);
        for (const word of words) expect(word).toMatch(/^(?:-?\d+|[0-9a-f]+|OP_\w+|\[error\])$/);
      }),
      runs(500),
    );
  });

  test("is read back as the same script, where it leaves nothing out", () => {
    const named = fc
      .integer({ min: Opcode.OP_NOP, max: Opcode.OP_CHECKSIGADD })
      .map((opcode) => Uint8Array.of(opcode));
    const number = fc
      .integer({ min: 1 - 2 ** 31, max: 2 ** 31 - 1 })
      .map(encodeNumber)
      .map(pushData);
    // A longer push shows as hex; with a letter in front it is told from a number.
    const long = fc
      .uint8Array({ minLength: 4, maxLength: 100 })
      .map((rest) => pushData(Uint8Array.of(0xab, ...rest)));
    fc.assert(
      fc.property(fc.array(fc.oneof(named, number, long)), (parts) => {
        const script = concatBytes(...parts);
        expect(toHex(readText(formatScript(script)))).toBe(toHex(script));
      }),
      runs(500),
    );
  });
});

/** The script of which Bitcoin Core shows `text`, if that leaves nothing out. */
function readText(text: string): Uint8Array {
  const words = text.split(" ").filter((word) => word !== "");
  return concatBytes(
    ...words.map((word) => {
      if (/^-?\d{1,10}$/.test(word)) return pushData(encodeNumber(Number(word)));
      const opcode = findOpcode(word);
      if (opcode === undefined) return pushData(Uint8Array.from(Buffer.from(word, "hex")));
      expect(opcodeName(opcode)).toBe(word);
      return Uint8Array.of(opcode);
    }),
  );
}

describe("signatures", () => {
  const COMPACT = fc
    .tuple(fc.bigInt(1n, ORDER - 1n), fc.bigInt(1n, ORDER / 2n), fc.nat(255), fc.nat(255))
    .map(([r, s, dropR, dropS]) => compactOf(r >> BigInt(dropR), s >> BigInt(dropS)));
  const DER = COMPACT.map(compactToDer);
  /** Lengths that fit, and integers with needless zeros, signs, or nothing in them. */
  const INTEGER = fc
    .tuple(
      fc.constantFrom([], [0], [0, 0], [0x80], [0, 0x80], [0x7f]),
      fc.uint8Array({ maxLength: 32, size: "max" }),
    )
    .map(([start, rest]) => Uint8Array.of(...start, ...rest));
  const LOOSE_DER = fc.tuple(INTEGER, INTEGER).map(([r, s]) => {
    const body = [2, r.length, ...r, 2, s.length, ...s];
    return Uint8Array.of(0x30, body.length, ...body);
  });

  test("come back from DER, strict and lax", () => {
    fc.assert(
      fc.property(COMPACT, fc.nat(255), (compact, hashType) => {
        const der = compactToDer(compact);
        expect(isStrictDer(concatBytes(der, Uint8Array.of(hashType)))).toBe(true);
        expect(compactFromDer(der)).toEqual(compact);
        expect(parseLaxDer(der)).toEqual(compact);
        expect(toCompactLowS(der)).toEqual(compact);
      }),
      runs(500),
    );
  });

  test("with a high s are turned into those with a low one", () => {
    fc.assert(
      fc.property(fc.bigInt(1n, ORDER - 1n), fc.bigInt(1n, ORDER / 2n), (r, s) => {
        const high = compactToDer(compactOf(r, ORDER - s));
        expect(toCompactLowS(high)).toEqual(compactOf(r, s));
      }),
      runs(300),
    );
  });

  test("have one strict form each, and another reader of BIP-0066 agrees on which", () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(damaged(DER), LOOSE_DER, fc.uint8Array({ maxLength: 75 })), (der) => {
        const isStrict = isStrictDer(concatBytes(der, Uint8Array.of(1)));
        const other = compactFromDer(der);
        if (other !== undefined) expect(isStrict).toBe(true);
        if (!isStrict) return;
        expect(hasNeedlessBytes(der)).toBe(false);

        const lax = parseLaxDer(der)!;
        // What is strict but too large for the curve is read as zeros, which never verify.
        if (other === undefined || isBeyondOrder(other)) {
          expect(lax).toEqual(new Uint8Array(64));
          return;
        }
        accepted += 1;
        expect(lax).toEqual(other);
        expect(toHex(compactToDer(other))).toBe(toHex(der));
      }),
      runs(3_000),
    );
    expect(accepted).toBeGreaterThan(10);
  });

  test("of any form are read or refused, never more than 64 bytes, by every set of rules", () => {
    fc.assert(
      fc.property(fc.oneof(damaged(DER), ANY_ELEMENT), ANY_FLAGS, (signature, flags) => {
        const compact = parseLaxDer(signature);
        if (compact !== undefined) expect(compact.length).toBe(64);
        expect([undefined, "SIG_DER", "SIG_HIGH_S", "SIG_HASHTYPE"]).toContain(
          checkSignatureEncoding(signature, flags),
        );
      }),
      runs(1_000),
    );
  });
});

/** True if an integer of strict DER is negative, or longer than its number. */
function hasNeedlessBytes(der: Uint8Array): boolean {
  const rLength = der[3]!;
  return [der.subarray(4, 4 + rLength), der.subarray(6 + rLength)].some(
    ([first = 0, second = 0x80]) => first >= 0x80 || (first === 0 && second < 0x80),
  );
}

function compactOf(r: bigint, s: bigint): Uint8Array {
  const text = [r, s].map((number) => number.toString(16).padStart(64, "0")).join("");
  return Uint8Array.from(Buffer.from(text, "hex"));
}

function isBeyondOrder(compact: Uint8Array): boolean {
  return [compact.subarray(0, 32), compact.subarray(32)].some(
    (number) => BigInt(`0x${toHex(number)}`) >= ORDER,
  );
}

describe("public keys", () => {
  test("of any form are compressed or refused", () => {
    const key = fc.tuple(
      fc.constantFrom(0, 2, 3, 4, 5, 6, 7),
      fc.constantFrom(0, 31, 32, 33, 63, 64, 65),
      fc.nat(255),
    );
    fc.assert(
      fc.property(key, ANY_FLAGS, ([first, length, fill], flags) => {
        const bytes = Uint8Array.of(first, ...new Uint8Array(length).fill(fill));
        const compressed = toCompressedKey(bytes);
        if (compressed !== undefined) {
          expect(compressed.length).toBe(33);
          expect([2, 3]).toContain(compressed[0]!);
        }
        expect([undefined, "PUBKEYTYPE", "WITNESS_PUBKEYTYPE"]).toContain(
          checkPublicKeyEncoding(bytes, flags, "witness-v0"),
        );
      }),
      runs(500),
    );
  });
});

describe("control blocks", () => {
  test("come back from their parts", () => {
    const path = fc.array(ANY_HASH, { maxLength: 128 });
    const leafVersion = fc.nat(127).map((half) => 2 * half);
    fc.assert(
      fc.property(leafVersion, fc.boolean(), ANY_HASH, path, (version, isOdd, key, nodes) => {
        const bytes = concatBytes(Uint8Array.of(version | Number(isOdd)), key, ...nodes);
        expect(decodeControlBlock(bytes)).toEqual({
          leafVersion: version,
          isOutputKeyOdd: isOdd,
          internalKey: key,
          path: nodes,
        });
      }),
      runs(200),
    );
  });

  test("have 33 bytes and up to 128 times 32 more, all of which count", () => {
    const length = fc.oneof(
      fc.nat(5_000),
      fc.nat(130).map((nodes) => 33 + 32 * nodes),
      fc.constantFrom(0, 1, 32, 33, 34, 33 + 32 * 128, 33 + 32 * 129),
    );
    fc.assert(
      fc.property(length, fc.nat(255), (count, fill) => {
        const bytes = Uint8Array.from({ length: count }, (_, at) => (fill + at) & 0xff);
        const block = decodeControlBlock(bytes);
        const isPossible = count >= 33 && count <= 33 + 32 * 128 && (count - 33) % 32 === 0;
        expect(block !== undefined).toBe(isPossible);
        if (block === undefined) return;
        const first = block.leafVersion | Number(block.isOutputKeyOdd);
        const again = concatBytes(Uint8Array.of(first), block.internalKey, ...block.path);
        expect(toHex(again)).toBe(toHex(bytes));
      }),
      runs(500),
    );
  });
});

describe("kinds of output", () => {
  const KEY = fc
    .tuple(fc.constantFrom(2, 3, 4, 6, 7), fc.nat(255))
    .map(([first, fill]) =>
      Uint8Array.of(first, ...new Uint8Array(first < 4 ? 32 : 64).fill(fill)),
    );

  test("every multisignature that can be written is read back", () => {
    const keys = fc.array(KEY, { minLength: 1, maxLength: 20, size: "max" });
    fc.assert(
      fc.property(keys, fc.nat(), (publicKeys, nat) => {
        const required = 1 + (nat % publicKeys.length);
        const script = multisigScript({ required, publicKeys });
        expect(parseMultisig(script)).toEqual({ required, publicKeys });
        expect(classifyOutput(script)).toBe("multisig");
      }),
      runs(200),
    );
  });

  test("whatever is read as a multisignature means the same when it is written again", () => {
    const valid = fc
      .array(KEY, { minLength: 1, maxLength: 4 })
      .map((publicKeys) => multisigScript({ required: 1, publicKeys }));
    let accepted = 0;
    fc.assert(
      fc.property(damaged(valid), (script) => {
        const multisig = parseMultisig(script);
        expect(classifyOutput(script) === "multisig").toBe(multisig !== undefined);
        if (multisig === undefined) return;
        accepted += 1;
        // Keys may be pushed in a longer form: these are read too, as Bitcoin Core does.
        const again = multisigScript(multisig);
        expect(again.length).toBeLessThanOrEqual(script.length);
        expect(parseMultisig(again)).toEqual(multisig);
      }),
      runs(1_000),
    );
    expect(accepted).toBeGreaterThan(10);
  });

  test("data that is carried is null data and can be read", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 3 }), (items) => {
        const script = nullDataScript(...items);
        expect(classifyOutput(script)).toBe("nulldata");
        expect(parseScript(script)?.length).toBe(1 + items.length);
      }),
      runs(200),
    );
  });
});
