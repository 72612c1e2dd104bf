/** Keys made on any engine are those that the engine's own code makes. */

import { describe, expect, test } from "bun:test";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { encodePassphrase, parseMnemonic } from "../../../src/wallet/mnemonic.ts";
import * as native from "../../../src/wallet/native-keys.ts";
import * as portable from "../../../src/wallet/portable-keys.ts";
import { MIN_SCRYPT_N } from "../../../src/wallet/scrypt.ts";
import published from "../../vectors/bip39-english.json";

describe("seedOf", () => {
  test("makes the published seeds", async () => {
    const some = published.vectors.filter((_, index) => index % 6 === 5);
    expect(some).toHaveLength(4);
    for (const [, words = "", seed = ""] of some) {
      const made = await portable.seedOf(parseMnemonic(words), encodePassphrase("TREZOR"));
      expect(toHex(made)).toBe(seed);
    }
  });
});

describe("deriveScryptKey", () => {
  const password = new TextEncoder().encode("correct horse");
  const salt = fromHex("07".repeat(32));

  test("makes the engine's key", async () => {
    const cost = { n: MIN_SCRYPT_N, r: 8, p: 1 };
    const made = await portable.deriveScryptKey(password, salt, cost);
    expect(made).toEqual(new Uint8Array(await native.deriveScryptKey(password, salt, cost)));
  });

  test("spends nothing on a cost out of bounds", async () => {
    const made = portable.deriveScryptKey(password, salt, { n: 2 ** 20, r: 8, p: 1 });
    expect(await made.catch((error) => error)).toBeInstanceOf(RangeError);
  });
});
