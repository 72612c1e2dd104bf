/**
 * Addresses and keys in text: the published vectors of Bitcoin Core and of BIP-0173 and BIP-0350,
 * and every look-alike refused.
 */

import { describe, expect, test } from "bun:test";
import { bech32, bech32m } from "@scure/base";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import {
  AddressError,
  type AddressPrefixes,
  type DestinationType,
  destinationOf,
  formatAddress,
  formatWif,
  MAX_ADDRESS_LENGTH,
  parseAddress,
  parseWif,
  scriptOf,
  witnessProgramOf,
} from "../../../src/primitives/address.ts";
import { readBitcoreVectors } from "../../support/bitcore-vectors.ts";
import { repeatSeeded } from "../../support/random.ts";
import { reportCases } from "../../support/report-cases.ts";
import bip350 from "../../vectors/bip350-addresses.json";

const SEED = 20_260_109;
const MAIN: AddressPrefixes = { bech32: "bc", p2pkh: 0x00, p2sh: 0x05, wif: 0x80 };
const TEST: AddressPrefixes = { bech32: "tb", p2pkh: 0x6f, p2sh: 0xc4, wif: 0xef };

/** A network that shares no prefix with Bitcoin's. */
const OTHER: AddressPrefixes = { bech32: "xx", p2pkh: 28, p2sh: 87, wif: 156 };

const P2WPKH = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";

type Outcome = "accepted" | AddressError["reason"];

function outcomeOf(parse: () => Uint8Array): Outcome {
  try {
    parse();
    return "accepted";
  } catch (error) {
    if (error instanceof AddressError) return error.reason;
    throw error;
  }
}

const addressOutcome = (text: string, prefixes = MAIN) =>
  outcomeOf(() => parseAddress(text, prefixes));
const wifOutcome = (text: string, prefixes = MAIN) => outcomeOf(() => parseWif(text, prefixes));

type Base58Row = [
  text: string,
  payload: string,
  about: { isPrivkey: boolean; isTestnet: boolean; addrType?: string; isCompressed?: boolean },
];

const base58Valid = await readBitcoreVectors<Base58Row[]>("bitcoind/base58_keys_valid.json");
const base58Invalid = await readBitcoreVectors<[string][]>("bitcoind/base58_keys_invalid.json");

function networksOf({
  isTestnet,
}: {
  isTestnet: boolean;
}): readonly [AddressPrefixes, AddressPrefixes] {
  return isTestnet ? [TEST, MAIN] : [MAIN, TEST];
}

describe("Bitcoin Core's base58 vectors", () => {
  const addresses = base58Valid.filter(([, , { isPrivkey }]) => !isPrivkey);
  const keys = base58Valid.filter(([, , { isPrivkey }]) => isPrivkey);
  const compressed = keys.filter(([, , { isCompressed }]) => isCompressed);
  const uncompressed = keys.filter(([, , { isCompressed }]) => !isCompressed);

  test("are all here", () => {
    reportCases(
      "base58_keys_valid.json",
      {
        addresses: addresses.length,
        "compressed keys": compressed.length,
        "uncompressed keys, refused here": uncompressed.length,
      },
      { addresses: 26, "compressed keys": 12, "uncompressed keys, refused here": 12 },
    );
    reportCases("base58_keys_invalid.json", { strings: base58Invalid.length }, { strings: 50 });
  });

  test.each(addresses)("address %s", (text, payload, about) => {
    const [own, other] = networksOf(about);
    const script = parseAddress(text, own);
    expect(toHex(destinationOf(script)?.program ?? new Uint8Array(0))).toBe(payload);
    expect(destinationOf(script)?.type).toBe(about.addrType === "script" ? "p2sh" : "p2pkh");
    expect(formatAddress(script, own)).toBe(text);
    expect(addressOutcome(text, other)).toBe("network");
    expect(wifOutcome(text, own)).toBe("format");
  });

  test.each(compressed)("compressed key %s", (text, payload, about) => {
    const [own, other] = networksOf(about);
    const key = parseWif(text, own);
    expect(toHex(key)).toBe(payload);
    expect(formatWif(key, own)).toBe(text);
    expect(wifOutcome(text, other)).toBe("network");
    expect(addressOutcome(text, own)).toBe("format");
  });

  test.each(uncompressed)("uncompressed key %s is refused: no such keys here", (text, _, about) => {
    const [own] = networksOf(about);
    expect(wifOutcome(text, own)).toBe("format");
    expect(addressOutcome(text, own)).toBe("format");
  });

  test.each(base58Invalid)("refuse %j as address and as key on every network", (text) => {
    for (const prefixes of [MAIN, TEST]) {
      expect(addressOutcome(text, prefixes)).not.toBe("accepted");
      expect(wifOutcome(text, prefixes)).not.toBe("accepted");
    }
  });
});

describe("BIP-0173 and BIP-0350 vectors", () => {
  test("are all here", () => {
    reportCases(
      "bip350-addresses.json",
      {
        valid: bip350.valid.length,
        invalid: bip350.invalid.length,
        "not addresses": bip350.notAddresses.length,
      },
      { valid: 8, invalid: 26, "not addresses": 40 },
    );
  });

  test("tell valid strings that are no addresses from broken ones", () => {
    for (const text of bip350.validBech32) {
      expect(bech32.decodeUnsafe(text)).toBeDefined();
      expect(bech32m.decodeUnsafe(text)).toBeUndefined();
    }
    for (const text of bip350.validBech32m) {
      expect(bech32m.decodeUnsafe(text)).toBeDefined();
      expect(bech32.decodeUnsafe(text)).toBeUndefined();
    }
    const valid = new Set([...bip350.validBech32, ...bip350.validBech32m]);
    const broken = bip350.notAddresses.filter((text) => !valid.has(text));
    for (const text of broken) {
      expect(bech32.decodeUnsafe(text) ?? bech32m.decodeUnsafe(text)).toBeUndefined();
    }
    expect([valid.size, broken.length]).toEqual([14, 26]);

    // Two are broken by nothing but their length.
    const tooLong = broken.filter((text) => text.startsWith("an84"));
    const decodeLong = (text: string) =>
      bech32.decodeUnsafe(text, 100) ?? bech32m.decodeUnsafe(text, 100);
    expect(tooLong.map((text) => decodeLong(text)?.prefix.length)).toEqual([84, 84]);
  });

  test.each(bip350.valid as [string, string][])("address %s", (text, script) => {
    const isMain = text.toLowerCase().startsWith("bc");
    const [own, other] = isMain ? [MAIN, TEST] : [TEST, MAIN];
    expect(toHex(parseAddress(text, own))).toBe(script);
    expect(toHex(parseAddress(text.toLowerCase(), own))).toBe(script);
    expect(toHex(parseAddress(text.toUpperCase(), own))).toBe(script);
    expect(formatAddress(fromHex(script), own)).toBe(text.toLowerCase());
    expect(addressOutcome(text, other)).toBe("network");
    expect(addressOutcome(text, OTHER)).toBe("network");
  });

  test.each(bip350.invalid as [string, string][])("refuse %s (%s)", (text) => {
    expect(addressOutcome(text, MAIN)).not.toBe("accepted");
    expect(addressOutcome(text, TEST)).not.toBe("accepted");
  });

  test.each(bip350.notAddresses)("refuse %j, which is no address", (text) => {
    expect(addressOutcome(text, MAIN)).not.toBe("accepted");
    expect(addressOutcome(text, TEST)).not.toBe("accepted");
  });

  test("name the addresses of BIP-0341's wallet vectors", async () => {
    const { scriptPubKey } = await readBitcoreVectors<{
      scriptPubKey: { expected: { scriptPubKey: string; bip350Address: string } }[];
    }>("bitcoind/wallet_test_vectors.json");
    expect(scriptPubKey).toHaveLength(7);
    for (const { expected } of scriptPubKey) {
      expect(toHex(parseAddress(expected.bip350Address, MAIN))).toBe(expected.scriptPubKey);
      expect(formatAddress(fromHex(expected.scriptPubKey), MAIN)).toBe(expected.bip350Address);
      expect(destinationOf(fromHex(expected.scriptPubKey))?.type).toBe("p2tr");
    }
  });
});

describe("parseAddress", () => {
  test("tells another network's address from a mistyped one", () => {
    expect(addressOutcome(P2WPKH, TEST)).toBe("network");
    expect(addressOutcome(P2WPKH.replace("w508", "w509"))).toBe("checksum");
    expect(addressOutcome("1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i", TEST)).toBe("network");
    expect(addressOutcome("1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62j")).toBe("checksum");
  });

  test("detects every change of up to four characters", () => {
    const charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    repeatSeeded(SEED, 3000, (random) => {
      const text = [
        ...random.pick(["bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", P2WPKH]),
      ];
      const original = text.join("");
      for (let changes = random.below(4); changes >= 0; changes--) {
        text[3 + random.below(text.length - 3)] = random.pick([...charset]);
      }
      const changed = text.join("");
      if (changed !== original) expect(addressOutcome(changed)).toBe("checksum");
    });
  });

  test("refuses mixed case wherever it begins", () => {
    for (let index = 0; index < P2WPKH.length; index++) {
      const upper =
        P2WPKH.slice(0, index) + P2WPKH.charAt(index).toUpperCase() + P2WPKH.slice(index + 1);
      expect(addressOutcome(upper) === "accepted").toBe(upper === P2WPKH);
    }
  });

  test.each([
    ["a space before", ` ${P2WPKH}`],
    ["a space after", `${P2WPKH} `],
    ["a newline after", `${P2WPKH}\n`],
    ["a zero byte after", `${P2WPKH}\u0000`],
    ["a zero-width space", P2WPKH.replace("q", "q\u200b")],
    ["a right-to-left override", `\u202e${P2WPKH}`],
    ["the letter o for the digit 0", P2WPKH.replace("0", "o")],
    [
      "the digit 1 for the letter l",
      "bc1p0x1xvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ],
    ["a Cyrillic c", P2WPKH.replace("c", "с")],
    ["a Cyrillic c, upper case", P2WPKH.toUpperCase().replace("C", "С")],
    ["a full-width digit", P2WPKH.replace("5", "５")],
    ["a full-width letter", P2WPKH.toUpperCase().replace("W", "Ｗ")],
    ["the Kelvin sign for K", P2WPKH.toUpperCase().replace("K", "\u212a")],
    ["a long s for s", "bc1ſw50qgdz25j"],
    ["a bitcoin: prefix", `bitcoin:${P2WPKH}`],
    ["a query after", `${P2WPKH}?amount=1`],
    ["the prefix of another network around the same data", P2WPKH.replace("bc1", "tb1")],
    ["an address twice", P2WPKH + P2WPKH],
    ["nothing", ""],
    ["the separator alone", "1"],
    ["the prefix alone", "bc1"],
    ["O for 0 in base58", "1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW6Oi"],
    ["I for 1 in base58", "IAGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i"],
    ["l in base58", "lAGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i"],
    ["a 1 more before base58", "11AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i"],
    ["a newline after base58", "1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i\n"],
    ["base58 with a Cyrillic A", "1АGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i"],
  ])("refuses %s", (_name, text) => {
    expect(addressOutcome(text)).not.toBe("accepted");
    expect(wifOutcome(text)).not.toBe("accepted");
  });

  test("refuses text beyond 90 characters at once, however long", () => {
    expect(addressOutcome("1".repeat(MAX_ADDRESS_LENGTH + 1))).toBe("format");
    expect(addressOutcome(`bc1${"q".repeat(1_000_000)}`)).toBe("format");
    expect(wifOutcome("1".repeat(1_000_000))).toBe("format");
  });

  test("accepts programs of 2 to 40 bytes and refuses one byte beyond either end", () => {
    for (const version of [1, 2, 15, 16]) {
      for (const length of [0, 1, 2, 20, 32, 40, 41]) {
        const words = [version, ...bech32m.toWords(new Uint8Array(length).fill(7))];
        const isAllowed = length >= 2 && length <= 40;
        expect(addressOutcome(bech32m.encode("bc", words))).toBe(isAllowed ? "accepted" : "format");
      }
    }
    for (const length of [2, 19, 20, 21, 31, 32, 33, 40]) {
      const words = [0, ...bech32.toWords(new Uint8Array(length).fill(7))];
      const isAllowed = length === 20 || length === 32;
      expect(addressOutcome(bech32.encode("bc", words))).toBe(isAllowed ? "accepted" : "format");
    }
  });

  test("refuses witness versions beyond 16", () => {
    for (const version of [17, 31]) {
      const words = [version, ...bech32m.toWords(new Uint8Array(32))];
      expect(addressOutcome(bech32m.encode("bc", words))).not.toBe("accepted");
    }
  });
});

describe("destinationOf, scriptOf and formatAddress", () => {
  const program = (length: number) => Uint8Array.from({ length }, (_, index) => index);

  test.each([
    ["p2pkh", undefined, 20],
    ["p2sh", undefined, 20],
    ["p2wpkh", 0, 20],
    ["p2wsh", 0, 32],
    ["p2tr", 1, 32],
    ["witness-unknown", 1, 33],
    ["witness-unknown", 1, 2],
    ["witness-unknown", 16, 40],
  ] as [DestinationType, number | undefined, number][])(
    "know a script of %s, version %p, with %d bytes",
    (type, witnessVersion, length) => {
      const destination = { type, witnessVersion, program: program(length) };
      const script = scriptOf(destination);
      expect(destinationOf(script)).toEqual(destination);
      for (const prefixes of [MAIN, TEST, OTHER]) {
        const address = formatAddress(script, prefixes) ?? "";
        expect(parseAddress(address, prefixes)).toEqual(script);
      }
    },
  );

  test.each([
    ["nothing", ""],
    ["OP_RETURN", "6a"],
    ["OP_TRUE", "51"],
    ["a bare key", "2102000000000000000000000000000000000000000000000000000000000000000001ac"],
    ["P2PKH with a byte more", `76a914${"00".repeat(20)}88ac00`],
    ["P2PKH with another push", `76a913${"00".repeat(20)}88ac`],
    ["P2PKH without DUP", `77a914${"00".repeat(20)}88ac`],
    ["P2PKH with HASH256", `76aa14${"00".repeat(20)}88ac`],
    ["P2PKH with a push of 19 bytes and NOP", `76a913${"00".repeat(19)}6188ac`],
    ["P2PKH without EQUALVERIFY", `76a914${"00".repeat(20)}87ac`],
    ["P2PKH with CHECKSIGVERIFY", `76a914${"00".repeat(20)}88ad`],
    ["P2SH with HASH256", `aa14${"00".repeat(20)}87`],
    ["P2SH with a push of 19 bytes and NOP", `a913${"00".repeat(19)}6187`],
    ["P2SH with OP_EQUALVERIFY", `a914${"00".repeat(20)}88`],
    ["a program of one byte", "510100"],
    ["a program of 41 bytes", `5129${"00".repeat(41)}`],
    ["a push of another length", `5120${"00".repeat(31)}`],
    ["OP_PUSHDATA1 before the program", `514c20${"00".repeat(32)}`],
    ["OP_1NEGATE as the version", `4f20${"00".repeat(32)}`],
    ["OP_RESERVED as the version", `5020${"00".repeat(32)}`],
    ["an opcode beyond OP_16", `6120${"00".repeat(32)}`],
    ["version 0 with 19 bytes", `0013${"00".repeat(19)}`],
    ["version 0 with 33 bytes", `0021${"00".repeat(33)}`],
  ])("know no address of %s", (_name, hex) => {
    expect(destinationOf(fromHex(hex))).toBeUndefined();
    expect(formatAddress(fromHex(hex), MAIN)).toBeUndefined();
  });

  test("give only addresses that can be read back, whatever the script", () => {
    let named = 0;
    repeatSeeded(SEED, 2000, (random) => {
      const length = 2 + random.below(40);
      const script = random.bytes(length + 2);
      script[0] = random.pick([0x00, 0x4f, 0x50, 0x51, 0x52, 0x60, 0x61]);
      script[1] = random.oneIn(4) ? script.length : length;
      const address = formatAddress(script, MAIN);
      if (address === undefined) return;
      named++;
      expect(parseAddress(address, MAIN)).toEqual(script);
    });
    expect(named).toBeGreaterThan(300);
  });
});

describe("witnessProgramOf", () => {
  test("knows a program of any version and length, those without an address too (BIP-0141)", () => {
    for (const [opcode, version] of [
      [0x00, 0],
      [0x51, 1],
      [0x60, 16],
    ] as const) {
      for (const length of [2, 20, 33, 40]) {
        const script = Uint8Array.of(opcode, length, ...new Uint8Array(length).fill(9));
        const program = new Uint8Array(length).fill(9);
        expect(witnessProgramOf(script)).toEqual({ version, program });
      }
    }
  });
});

describe("parseWif", () => {
  test("gives back what formatWif was given, on that network only", () => {
    repeatSeeded(SEED, 30, (random) => {
      const key = random.bytes(32);
      for (const prefixes of [MAIN, TEST, OTHER]) {
        expect(parseWif(formatWif(key, prefixes), prefixes)).toEqual(key);
      }
      expect(wifOutcome(formatWif(key, OTHER))).toBe("network");
    });
  });

  test("detects a change of any character", () => {
    const text = formatWif(new Uint8Array(32).fill(7), MAIN);
    for (let index = 0; index < text.length; index++) {
      const other = text[index] === "2" ? "3" : "2";
      expect(wifOutcome(text.slice(0, index) + other + text.slice(index + 1))).toBe("checksum");
    }
  });
});
