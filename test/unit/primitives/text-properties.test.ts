/**
 * What holds of everything that people type: addresses, keys, amounts. Each has one text, and any
 * other text is refused in the declared way.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import {
  AddressError,
  type Destination,
  destinationOf,
  formatAddress,
  formatWif,
  parseAddress,
  parseWif,
  scriptOf,
} from "../../../src/primitives/address.ts";
import { COIN, formatCoins, parseCoins } from "../../../src/primitives/amount.ts";
import { ANY_HASH, ANY_SCRIPT } from "../../support/arbitraries.ts";
import { runs } from "../../support/property-runs.ts";

const NETWORKS = ["cairn", "regtest"].map((name) => findNetwork(name).addressPrefixes);
const ANY_NETWORK = fc.constantFrom(...NETWORKS);

const ANY_HASH160 = fc.uint8Array({ minLength: 20, maxLength: 20 });

/** Every kind of script that has an address. */
const ANY_DESTINATION_SCRIPT = fc.oneof(
  script("p2pkh", undefined, ANY_HASH160),
  script("p2sh", undefined, ANY_HASH160),
  script("p2wpkh", 0, ANY_HASH160),
  script("p2wsh", 0, ANY_HASH),
  script("p2tr", 1, ANY_HASH),
  fc
    .integer({ min: 1, max: 16 })
    .chain((version) =>
      script("witness-unknown", version, fc.uint8Array({ minLength: 2, maxLength: 40 })),
    ),
);

function script(
  type: Destination["type"],
  witnessVersion: number | undefined,
  program: fc.Arbitrary<Uint8Array>,
): fc.Arbitrary<Uint8Array> {
  return program.map((bytes) => scriptOf({ type, witnessVersion, program: bytes }));
}

/** What `text` pays to, or why it is no address; nothing else may be thrown. */
function parseOrReason(text: string, prefixes: (typeof NETWORKS)[number]): Uint8Array | string {
  try {
    return parseAddress(text, prefixes);
  } catch (error) {
    expect(error).toBeInstanceOf(AddressError);
    return (error as AddressError).reason;
  }
}

describe("addresses", () => {
  test("stand for the script that they were made of, in either case where the form has two", () => {
    fc.assert(
      fc.property(ANY_DESTINATION_SCRIPT, ANY_NETWORK, (scriptPubKey, prefixes) => {
        const address = formatAddress(scriptPubKey, prefixes)!;
        expect(parseAddress(address, prefixes)).toEqual(scriptPubKey);
        if (!address.startsWith(`${prefixes.bech32}1`)) return;
        expect(parseAddress(address.toUpperCase(), prefixes)).toEqual(scriptPubKey);
      }),
      runs(300),
    );
  });

  test("of one network are none of another", () => {
    const [ours, theirs] = NETWORKS as [(typeof NETWORKS)[0], (typeof NETWORKS)[0]];
    fc.assert(
      fc.property(ANY_DESTINATION_SCRIPT, (scriptPubKey) => {
        expect(parseOrReason(formatAddress(scriptPubKey, ours)!, theirs)).toBe("network");
      }),
      runs(200),
    );
  });

  test("with up to three letters changed are none", () => {
    const letters = fc.constantFrom(..."023456789acdefghjklmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ1");
    const changes = fc.array(fc.tuple(fc.nat(), letters), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(ANY_DESTINATION_SCRIPT, ANY_NETWORK, changes, (scriptPubKey, prefixes, hits) => {
        const address = formatAddress(scriptPubKey, prefixes)!;
        const isSegwit = address.startsWith(`${prefixes.bech32}1`);
        const wrong = [...address];
        for (const [at, letter] of hits) wrong[at % wrong.length] = letter;
        const text = wrong.join("");
        // Bech32 has two cases, and none may be mixed.
        if (text === address || (isSegwit && text === address.toUpperCase())) return;
        expect(parseOrReason(text, prefixes)).toBeString();
      }),
      runs(500),
    );
  });

  test("have one text each: whatever is accepted is written so again", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 100 }),
      fc.string({
        unit: fc.constantFrom(..."crnbt10qpzry9x8gf2vdw0s3jn54khce6mua7lCm2"),
        maxLength: 95,
      }),
    );
    fc.assert(
      fc.property(text, ANY_NETWORK, (given, prefixes) => {
        const parsed = parseOrReason(given, prefixes);
        if (typeof parsed === "string") return;
        const again = formatAddress(parsed, prefixes)!;
        expect([again, again.toUpperCase()]).toContain(given);
      }),
      runs(1_000),
    );
  });

  test("and kinds agree: a script has an address exactly if it is of a kind that has", () => {
    fc.assert(
      fc.property(fc.oneof(ANY_SCRIPT, ANY_DESTINATION_SCRIPT), ANY_NETWORK, (any, prefixes) => {
        const destination = destinationOf(any);
        const address = formatAddress(any, prefixes);
        expect(address === undefined).toBe(destination === undefined);
        if (destination === undefined || address === undefined) return;
        expect(scriptOf(destination)).toEqual(any);
        expect(toHex(parseAddress(address, prefixes))).toBe(toHex(any));
      }),
      runs(500),
    );
  });
});

describe("private keys", () => {
  test("come back from their text, and from no other network's", () => {
    const [ours, theirs] = NETWORKS as [(typeof NETWORKS)[0], (typeof NETWORKS)[0]];
    fc.assert(
      fc.property(ANY_HASH, (key) => {
        expect(parseWif(formatWif(key, ours), ours)).toEqual(key);
        expect(() => parseWif(formatWif(key, ours), theirs)).toThrow(AddressError);
      }),
      runs(100),
    );
  });

  test("are never read from anything else", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 120 }), ANY_NETWORK, (text, prefixes) => {
        expect(() => parseWif(text, prefixes)).toThrow(AddressError);
      }),
      runs(300),
    );
  });
});

describe("amounts", () => {
  const DIGITS = fc.string({ unit: fc.constantFrom(..."0123456789."), maxLength: 20 });

  test("come back from their text, to the last sat", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger().map(Math.abs), (sats) => {
        expect(parseCoins(formatCoins(sats))).toBe(sats);
      }),
      runs(500),
    );
  });

  test("are what exact arithmetic makes of the text, or nothing", () => {
    fc.assert(
      fc.property(fc.oneof(DIGITS, fc.string({ unit: "binary" })), (text) => {
        const sats = parseCoins(text);
        const [, whole, fraction = ""] = /^([0-9]{1,8})(?:\.([0-9]{1,8}))?$/.exec(text) ?? [];
        if (whole === undefined) {
          expect(sats).toBeUndefined();
          return;
        }
        const exact = BigInt(whole) * BigInt(COIN) + BigInt(fraction.padEnd(8, "0"));
        const isSafe = exact <= BigInt(Number.MAX_SAFE_INTEGER);
        expect(sats).toBe(isSafe ? Number(exact) : undefined);
      }),
      runs(1_000),
    );
  });
});
