/** scrypt against RFC 7914, PBKDF2 against the engine; both let others run meanwhile. */

import { describe, expect, test } from "bun:test";
import { pbkdf2Sync } from "node:crypto";
import { pbkdf2Sha512, scrypt } from "../../../src/crypto/password-hash.ts";
import { toHex } from "../../../src/lib/bytes.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("scrypt", () => {
  // RFC 7914, section 12.
  test.each([
    {
      password: "password",
      salt: "NaCl",
      cost: { n: 1024, r: 8, p: 16 },
      key:
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162" +
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
    },
    {
      password: "pleaseletmein",
      salt: "SodiumChloride",
      cost: { n: 16384, r: 8, p: 1 },
      key:
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2" +
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
    },
  ])("RFC 7914: $password", async ({ password, salt, cost, key }) => {
    const limits = { length: 64, maxBytes: 32 * 1024 * 1024 };
    expect(toHex(await scrypt(bytes(password), bytes(salt), cost, limits))).toBe(key);
  });

  test("takes no more memory than it is allowed", async () => {
    const cost = { n: 16384, r: 8, p: 1 };
    const limits = { length: 32, maxBytes: 1024 * 1024 };
    const made = scrypt(bytes("a"), bytes("b"), cost, limits);
    expect(await made.catch((error) => error)).toBeInstanceOf(Error);
  });

  test("lets others run meanwhile", async () => {
    let isDone = false;
    let turns = 0;
    const cost = { n: 2 ** 15, r: 8, p: 1 };
    const made = scrypt(bytes("a"), bytes("b"), cost, { length: 32, maxBytes: 2 ** 26 });
    const work = made.then(() => {
      isDone = true;
    });
    while (!isDone) {
      turns += 1;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await work;
    expect(turns).toBeGreaterThan(3);
  });
});

test("pbkdf2Sha512 is the engine's", async () => {
  for (const [rounds, length] of [
    [1, 64],
    [2048, 64],
    [3, 100],
  ] as const) {
    const expected = pbkdf2Sync("password", "salt", rounds, length, "sha512");
    const key = await pbkdf2Sha512(bytes("password"), bytes("salt"), rounds, length);
    expect(toHex(key)).toBe(expected.toString("hex"));
  }
});
