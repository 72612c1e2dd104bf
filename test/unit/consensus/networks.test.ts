/**
 * The networks and their first blocks, as golden values: a change here makes another network.
 *
 * Regtest's are Bitcoin's; cairn's were written down once and must never change by accident.
 */

import { describe, expect, test } from "bun:test";
import { makeCairnGenesis, makeRegtestGenesis } from "../../../src/consensus/genesis.ts";
import {
  DEFAULT_DIFFICULTY,
  DEFAULT_NETWORK_NAME,
  findNetwork,
} from "../../../src/consensus/networks.ts";
import { compactToTarget, workOfBits } from "../../../src/consensus/target.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { decodeAll } from "../../../src/lib/codec.ts";
import { decodeBlock, encodeBlock } from "../../../src/primitives/block.ts";
import { isUnspendable } from "../../../src/script/script.ts";
import genesisHeaders from "../../vectors/genesis-headers.json";

const CAIRN = findNetwork("cairn");

describe("regtest", () => {
  const { genesis, magic, params, ...network } = findNetwork("regtest");

  test("C-27: has Bitcoin's first block, byte for byte", () => {
    expect(genesis.hash as string).toBe(
      "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
    );
    expect(genesis.header.merkleRoot as string).toBe(genesisHeaders.merkleRoot);
    expect(toHex(encodeBlock(genesis)).slice(160)).toBe(`01${genesisHeaders.coinbase}`);
    expect(makeRegtestGenesis()).toEqual(genesis);
  });

  test("has Bitcoin's rules, magic, addresses and port", () => {
    expect(params).toEqual({
      powLimit: compactToTarget(0x207fffff)!,
      retarget: undefined,
      subsidy: 5_000_000_000,
      halvingInterval: 150,
      maxMoney: 2_100_000_000_000_000,
      coinbaseMaturity: 100,
      maxBlockWeight: 4_000_000,
      maxBlockSigopCost: 80_000,
      maxFutureSeconds: 7_200,
      minTransactionSize: 0,
      maxTransactionLegacySigops: undefined,
    });
    expect(toHex(magic)).toBe("fabfb5da");
    expect(network.addressPrefixes).toEqual({ bech32: "bcrt", p2pkh: 0x6f, p2sh: 0xc4, wif: 0xef });
    expect(network.p2pPort).toBe(18_444);
  });

  test("has no other difficulty", () => {
    expect(() => findNetwork("regtest", 1)).toThrow(RangeError);
  });
});

describe("cairn", () => {
  test("C-27: has the first block and the magic it always had", () => {
    expect(CAIRN.genesis.hash as string).toBe(
      "308f420b51f17f71af192f5eafb1bb388b970f24400d24b3d558beb158b30ecd",
    );
    expect(CAIRN.genesis.header).toEqual({
      version: 1,
      prevBlockHash: "0".repeat(64) as never,
      merkleRoot: "d947189720525439af0917535e136cf01686d317e2836998db0e078280a4fd98" as never,
      time: 1_767_225_600,
      bits: 0x1e0fffff,
      nonce: 0,
    });
    expect(toHex(CAIRN.magic)).toBe("1dc73cb8");
  });

  test("has these rules", () => {
    expect(CAIRN.params).toEqual({
      powLimit: compactToTarget(0x207fffff)!,
      retarget: { interval: 100, spacingSeconds: 10, timewarpGraceSeconds: 120 },
      subsidy: 5_000_000_000,
      halvingInterval: 840_000,
      maxMoney: 8_400_000_000_000_000,
      coinbaseMaturity: 100,
      maxBlockWeight: 16_000_000,
      maxBlockSigopCost: 320_000,
      maxFutureSeconds: 120,
      minTransactionSize: 65,
      maxTransactionLegacySigops: 2_500,
    });
    expect(CAIRN.addressPrefixes).toEqual({ bech32: "crn", p2pkh: 28, p2sh: 87, wif: 156 });
  });

  test("is what a node joins when told nothing, at difficulty 5", () => {
    expect(findNetwork(DEFAULT_NETWORK_NAME)).toEqual(CAIRN);
    expect(findNetwork("cairn", DEFAULT_DIFFICULTY)).toEqual(CAIRN);
  });

  test("its first target takes 16 to the power of the difficulty in hashes", () => {
    for (let difficulty = 1; difficulty <= 12; difficulty++) {
      const { bits } = findNetwork("cairn", difficulty).genesis.header;
      const work = workOfBits(bits);
      const expected = 16n ** BigInt(difficulty);
      expect(work >= expected && work < expected + expected / 1_000n + 1n).toBe(true);
    }
  });

  test("its genesis pays nobody, decodes, and its coinbase fits into a coinbase's script", () => {
    const { genesis } = CAIRN;
    expect(decodeAll(encodeBlock(genesis), decodeBlock)).toEqual(genesis);
    const [coinbase] = genesis.transactions;
    expect(coinbase?.outputs.every((output) => isUnspendable(output.scriptPubKey))).toBe(true);
    const longest = findNetwork("a".repeat(32)).genesis.transactions[0]!;
    expect(longest.inputs[0]!.scriptSig.length).toBeLessThanOrEqual(100);
  });

  test("C-27: its magic follows from its genesis", () => {
    const text = new TextEncoder().encode(`cairn/${CAIRN.genesis.hash}`);
    expect(CAIRN.magic).toEqual(sha256(text).slice(0, 4));
  });
});

describe("dev", () => {
  const dev = findNetwork("dev");

  test("is cairn with work that never gets harder, and times that may run ahead", () => {
    expect(dev.params).toEqual({ ...CAIRN.params, retarget: undefined, maxFutureSeconds: 7_200 });
    expect(dev.genesis.header.bits).toBe(0x207fffff);
    expect(dev.addressPrefixes).toEqual(CAIRN.addressPrefixes);
    expect(dev.magic).not.toEqual(CAIRN.magic);
  });

  test("is the one network for development, and takes no difficulty", () => {
    const names = ["dev", "cairn", "regtest", "classroom-7", "dev-1"];
    expect(names.filter((name) => findNetwork(name).isDevelopment)).toEqual(["dev"]);
    expect(() => findNetwork("dev", 1)).toThrow(RangeError);
  });
});

describe("networks of their own", () => {
  test("C-27: any two names or difficulties have another genesis and another magic", () => {
    const networks = [
      findNetwork("regtest"),
      ...["cairn", "classroom-7", "classroom-8", "classroom-77", "a", "0"].flatMap((name) =>
        [1, 2, 5, 12].map((difficulty) => findNetwork(name, difficulty)),
      ),
    ];
    expect(new Set(networks.map(({ genesis }) => genesis.hash)).size).toBe(networks.length);
    expect(new Set(networks.map(({ magic }) => toHex(magic))).size).toBe(networks.length);
  });

  test("C-27: any other parameter makes another genesis", () => {
    const { params, genesis } = CAIRN;
    const hashOf = (changes: Partial<typeof params>) =>
      makeCairnGenesis("cairn", { ...params, ...changes }, genesis.header.bits).hash;
    const changed: Partial<typeof params>[] = [
      { powLimit: params.powLimit - 1n },
      { retarget: undefined },
      { retarget: { ...params.retarget!, interval: 101 } },
      { retarget: { ...params.retarget!, spacingSeconds: 11 } },
      { retarget: { ...params.retarget!, timewarpGraceSeconds: 121 } },
      { subsidy: 1 },
      { halvingInterval: 1 },
      { maxMoney: 1 },
      { coinbaseMaturity: 1 },
      { maxBlockWeight: 1 },
      { maxBlockSigopCost: 1 },
      { maxFutureSeconds: 1 },
      { minTransactionSize: 0 },
      { maxTransactionLegacySigops: undefined },
    ];
    expect(hashOf({})).toBe(genesis.hash);
    // Every parameter is named here: a new one must be, too.
    expect(new Set(changed.flatMap(Object.keys))).toEqual(new Set(Object.keys(params)));
    const hashes = new Set([genesis.hash, ...changed.map(hashOf)]);
    expect(hashes.size).toBe(changed.length + 1);
  });

  test.each(["", "-a", "A", "a b", "a_b", "é", "a".repeat(33), "../a", "a\n", "a/b"])(
    "%j is no name for one",
    (name) => {
      expect(() => findNetwork(name)).toThrow(RangeError);
    },
  );

  test.each([0, 13, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    "%p is no difficulty for one",
    (difficulty) => {
      expect(() => findNetwork("classroom-7", difficulty)).toThrow(RangeError);
    },
  );
});
