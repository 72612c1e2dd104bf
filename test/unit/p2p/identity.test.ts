/**
 * A node's key and its proofs: made once, kept, and of no use anywhere but where they were given.
 */

import { describe, expect, test } from "bun:test";
import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import {
  IdentityError,
  isProven,
  type KeyFile,
  loadIdentity,
  NodeIdentity,
} from "../../../src/p2p/identity.ts";
import type { BlockHash } from "../../../src/primitives/hash-id.ts";
import { parseNodeId } from "../../../src/wire/node-id.ts";
import { REGTEST } from "../../support/chain-builder.ts";
import { repeatSeeded, SeededRandom } from "../../support/random.ts";

/** A file in memory. */
function memoryFile(text?: string): KeyFile & { text: string | undefined } {
  const file = {
    text,
    load: () => file.text,
    save: (saved: string) => {
      file.text = saved;
    },
  };
  return file;
}

const { verifyEcdsa } = PORTABLE_SIGNATURES;
const GENESIS = REGTEST.genesis.hash;

describe("loadIdentity", () => {
  test("makes a key once, and gives the same node ever after", () => {
    const file = memoryFile();
    const first = loadIdentity(file, new SeededRandom(1));
    expect(parseNodeId(first.id)).toBe(first.id);
    expect(loadIdentity(file, new SeededRandom(2)).id).toBe(first.id);
    expect(loadIdentity(memoryFile(), new SeededRandom(2)).id).not.toBe(first.id);
  });

  test("draws again where what was drawn is no key", () => {
    const random = new SeededRandom(3);
    const drawn = [new Uint8Array(32), new Uint8Array(32).fill(0xff)];
    const bytes = (length: number) => drawn.shift() ?? random.bytes(length);
    expect(parseNodeId(loadIdentity(memoryFile(), { bytes }).id)).toBeDefined();
    expect(drawn).toEqual([]);
  });

  test.each([
    ["nothing", ""],
    ["zero", "0".repeat(64)],
    ["the order of the group and more", "f".repeat(64)],
    ["half a key", "1".repeat(32)],
    ["words", "this is my key, do not tell"],
  ])("refuses a file that holds %s, and leaves it as it is", (_name, text) => {
    const file = memoryFile(text);
    expect(() => loadIdentity(file, new SeededRandom(1))).toThrow(IdentityError);
    expect(file.text).toBe(text);
  });

  test("keeps the key from whoever looks at or prints the identity", () => {
    const file = memoryFile();
    const identity = loadIdentity(file, new SeededRandom(1));
    const key = file.text?.trim() ?? "missing";
    expect(key.length).toBe(64);
    expect(JSON.stringify(identity)).not.toContain(key);
    expect(Bun.inspect(identity)).not.toContain(key);
  });
});

describe("prove", () => {
  test("convinces the other side of this connection in this network, and nobody else", () => {
    repeatSeeded(0x1d, 5, (random) => {
      const [alice, bob, eve] = [1, 2, 3].map(() => new NodeIdentity(random.bytes(32))) as [
        NodeIdentity,
        NodeIdentity,
        NodeIdentity,
      ];
      const signer = { nonce: BigInt(random.u32()), nodeId: alice.id };
      const own = { nonce: BigInt(random.u32()) << 32n, nodeId: bob.id };
      const signature = alice.prove(GENESIS, signer.nonce, own);
      const sides = { genesisHash: GENESIS, signer, own };
      const isTaken = (changes: Partial<typeof sides>, proof = signature) =>
        isProven(proof, { ...sides, ...changes }, verifyEcdsa);

      expect(isTaken({})).toBe(true);
      expect(isTaken({ genesisHash: "0".repeat(64) as BlockHash })).toBe(false);
      expect(isTaken({ signer: { ...signer, nonce: signer.nonce + 1n } })).toBe(false);
      expect(isTaken({ own: { ...own, nonce: own.nonce + 1n } })).toBe(false);
      expect(isTaken({ own: { ...own, nodeId: eve.id } })).toBe(false);
      expect(isTaken({ signer: { ...signer, nodeId: eve.id } })).toBe(false);
      // Sent back to where it came from.
      expect(isTaken({ signer: own, own: signer })).toBe(false);
      expect(isTaken({}, signature.slice(1))).toBe(false);
      const flipped = signature.slice();
      flipped[random.below(64)]! ^= 1;
      expect(isTaken({}, flipped)).toBe(false);
    });
  });
});
