/**
 * The kinds of output script, told apart and written.
 */

import { describe, expect, test } from "bun:test";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { formatScript } from "../../../src/script/script.ts";
import {
  classifyOutput,
  isNullData,
  isPayToScriptHash,
  multisigScript,
  nullDataScript,
  type OutputType,
  parseMultisig,
  publicKeyOfOutput,
} from "../../../src/script/standard.ts";
import { assembleScript } from "../../support/script-assembly.ts";

const COMPRESSED = `02${"11".repeat(32)}`;
const UNCOMPRESSED = `04${"11".repeat(64)}`;
const HASH_20 = "22".repeat(20);
const HASH_32 = "33".repeat(32);

describe("classifyOutput", () => {
  const cases: [OutputType, string][] = [
    ["pubkey", `21${COMPRESSED}ac`],
    ["pubkey", `41${UNCOMPRESSED}ac`],
    ["pubkey", `4107${"11".repeat(64)}ac`],
    ["nonstandard", `41${COMPRESSED}${"11".repeat(32)}ac`],
    ["nonstandard", `2104${"11".repeat(32)}ac`],
    ["nonstandard", `21${COMPRESSED}ad`],
    ["pubkeyhash", `76a914${HASH_20}88ac`],
    ["nonstandard", `76a914${HASH_20}88ad`],
    ["scripthash", `a914${HASH_20}87`],
    ["nonstandard", `a914${HASH_20}88`],
    ["multisig", `5121${COMPRESSED}51ae`],
    ["multisig", `5221${COMPRESSED}41${UNCOMPRESSED}52ae`],
    ["nonstandard", `5221${COMPRESSED}51ae`],
    ["nonstandard", `0021${COMPRESSED}51ae`],
    ["nonstandard", `7621${COMPRESSED}51ae`],
    ["nonstandard", `5121${COMPRESSED}52ae`],
    ["nonstandard", `5121${COMPRESSED}ae`],
    ["nonstandard", `5121${COMPRESSED}4cae`],
    ["nonstandard", `5121${COMPRESSED}514cae`],
    ["nonstandard", "4cffae"],
    ["nonstandard", `5121${COMPRESSED}51af`],
    ["nonstandard", `5121${COMPRESSED}5151ae`],
    ["nonstandard", "5151ae"],
    ["nonstandard", "ae"],
    ["nulldata", "6a"],
    ["nulldata", "6a0401020304"],
    ["nulldata", "6a5051"],
    ["nonstandard", "6a04010203"],
    ["nonstandard", "6a61"],
    ["witness_v0_keyhash", `0014${HASH_20}`],
    ["witness_v0_scripthash", `0020${HASH_32}`],
    ["nonstandard", "00021234"],
    ["witness_v1_taproot", `5120${HASH_32}`],
    ["witness_unknown", `5114${HASH_20}`],
    ["witness_unknown", `5220${HASH_32}`],
    ["witness_unknown", "60021234"],
    ["anchor", "51024e73"],
    ["witness_unknown", "51024e74"],
    ["witness_unknown", "51024f73"],
    ["witness_unknown", "52024e73"],
    ["nonstandard", `0029${"44".repeat(41)}`],
    ["nonstandard", `4f20${HASH_32}`],
    ["nonstandard", ""],
    ["nonstandard", "51"],
  ];
  test.each(cases)("%s: %s", (type, hex) => {
    expect(classifyOutput(fromHex(hex))).toBe(type);
  });
});

describe("isPayToScriptHash", () => {
  test("asks for the exact form (BIP-0016)", () => {
    expect(isPayToScriptHash(fromHex(`a914${HASH_20}87`))).toBe(true);
    expect(isPayToScriptHash(fromHex(`a94c14${HASH_20}87`))).toBe(false);
    expect(isPayToScriptHash(fromHex(`aa14${HASH_20}87`))).toBe(false);
    expect(isPayToScriptHash(fromHex(`a913${HASH_20}87`))).toBe(false);
    expect(isPayToScriptHash(fromHex(`a914${HASH_20}88`))).toBe(false);
  });
});

describe("multisigScript", () => {
  const keys = (count: number) => Array.from({ length: count }, () => fromHex(COMPRESSED));

  test.each([
    [1, 1],
    [2, 3],
    [16, 16],
    [1, 17],
    [17, 20],
    [20, 20],
  ])("of %i of %i keys is read back", (required, total) => {
    const script = multisigScript({ required, publicKeys: keys(total) });
    expect(parseMultisig(script)).toEqual({ required, publicKeys: keys(total) });
    expect(classifyOutput(script)).toBe("multisig");
  });

  test("is text as everybody knows it", () => {
    const script = multisigScript({ required: 1, publicKeys: keys(1) });
    expect(formatScript(script)).toBe(`1 ${COMPRESSED} 1 OP_CHECKMULTISIG`);
  });

  test("refuses numbers that cannot be and keys that are none", () => {
    expect(() => multisigScript({ required: 0, publicKeys: keys(1) })).toThrow(RangeError);
    expect(() => multisigScript({ required: 2, publicKeys: keys(1) })).toThrow(RangeError);
    expect(() => multisigScript({ required: 1.5, publicKeys: keys(2) })).toThrow(RangeError);
    expect(() => multisigScript({ required: 1, publicKeys: keys(21) })).toThrow(RangeError);
    const short = [fromHex(COMPRESSED).subarray(1)];
    expect(() => multisigScript({ required: 1, publicKeys: short })).toThrow(RangeError);
  });
});

describe("parseMultisig", () => {
  test("takes numbers above 16 only in their shortest form", () => {
    const keys = `21${COMPRESSED}`.repeat(17);
    expect(parseMultisig(fromHex(`51${keys}0111ae`))?.publicKeys).toHaveLength(17);
    expect(parseMultisig(fromHex(`51${keys}4c0111ae`))).toBeUndefined();
    expect(parseMultisig(fromHex(`0101${keys}0111ae`))).toBeUndefined();
  });

  test("takes keys pushed in a longer form, as Bitcoin Core does", () => {
    expect(parseMultisig(fromHex(`514c21${COMPRESSED}51ae`))?.required).toBe(1);
  });
});

describe("nullDataScript", () => {
  test("carries its items in shortest pushes", () => {
    const script = nullDataScript(fromHex("aabb"), fromHex("05"));
    expect(toHex(script)).toBe("6a02aabb55");
    expect(isNullData(script)).toBe(true);
  });

  test("is not what merely begins like it", () => {
    expect(isNullData(assembleScript("RETURN CHECKSIG"))).toBe(false);
    expect(isNullData(new Uint8Array(0))).toBe(false);
  });
});

describe("publicKeyOfOutput", () => {
  test("gives the key of pay-to-public-key", () => {
    expect(publicKeyOfOutput(fromHex(`21${COMPRESSED}ac`))).toEqual(fromHex(COMPRESSED));
    expect(publicKeyOfOutput(fromHex(`0014${HASH_20}`))).toBeUndefined();
  });
});
