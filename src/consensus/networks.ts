/**
 * The networks there are: `cairn`, any number of named ones under its rules, `dev` to develop
 * against, and `regtest`.
 *
 * `regtest` is Bitcoin's to the bit, so that its clients connect unchanged; its values must never
 * be improved upon.
 */

import { sha256 } from "../crypto/hash.ts";
import type { AddressPrefixes } from "../primitives/address.ts";
import { makeCairnGenesis, makeRegtestGenesis } from "./genesis.ts";
import type { ConsensusParams, Network } from "./params.ts";
import { compactToTarget, targetToCompact } from "./target.ts";

/** Name of the network that a node joins when told nothing. */
export const DEFAULT_NETWORK_NAME = "cairn";

/** Name of the network on which keys are published and work is easy. */
export const DEVELOPMENT_NETWORK_NAME = "dev";

/** Leading zero digits of the first target's hexadecimal form: about a million hashes a block. */
export const DEFAULT_DIFFICULTY = 5;

/** Range of `difficulty`: from 16 hashes a block to far beyond any private network. */
export const DIFFICULTY_RANGE = { least: 1, most: 12 } as const;

/** What a network's name must look like. */
export const NETWORK_NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** Half of all hashes: the easiest target, as on regtest. */
const EASIEST_BITS = 0x207fffff;
const EASIEST_TARGET = compactToTarget(EASIEST_BITS) as bigint;

const CAIRN_PARAMS: ConsensusParams = {
  powLimit: EASIEST_TARGET,
  retarget: { interval: 100, spacingSeconds: 10, timewarpGraceSeconds: 120 },
  subsidy: 5_000_000_000,
  halvingInterval: 840_000,
  maxMoney: 8_400_000_000_000_000, // 84,000,000 coins: below 2^53.
  coinbaseMaturity: 100,
  maxBlockWeight: 16_000_000,
  maxBlockSigopCost: 320_000,
  maxFutureSeconds: 120,
  minTransactionSize: 65,
  maxTransactionLegacySigops: 2_500,
};

/** Blocks come as fast as somebody asks for them, so their times run ahead of the clock. */
const DEVELOPMENT_PARAMS: ConsensusParams = {
  ...CAIRN_PARAMS,
  retarget: undefined,
  maxFutureSeconds: 7_200,
};

const CAIRN_PREFIXES: AddressPrefixes = { bech32: "crn", p2pkh: 28, p2sh: 87, wif: 156 };

const REGTEST_PARAMS: ConsensusParams = {
  powLimit: EASIEST_TARGET,
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
};

/** True if nobody may choose the difficulty of the network called `name`. */
export function hasFixedDifficulty(name: string): boolean {
  return name === "regtest" || name === DEVELOPMENT_NETWORK_NAME;
}

/**
 * Returns the network called `name`. `difficulty` (1..12) sets the first target, 16^-difficulty of
 * all hashes; networks of different difficulty are different networks. RangeError on a bad name or
 * difficulty, or a difficulty for a network that has its own.
 */
export function findNetwork(name: string, difficulty?: number): Network {
  if (!hasFixedDifficulty(name)) return makeNamedNetwork(name, difficulty ?? DEFAULT_DIFFICULTY);
  if (difficulty !== undefined) throw new RangeError(`${name} has a fixed difficulty`);
  return name === "regtest"
    ? makeRegtest()
    : makeCairnNetwork(name, DEVELOPMENT_PARAMS, EASIEST_BITS);
}

function makeNamedNetwork(name: string, difficulty: number): Network {
  if (!NETWORK_NAME_PATTERN.test(name)) throw new RangeError("bad network name");
  const { least, most } = DIFFICULTY_RANGE;
  if (!Number.isInteger(difficulty) || difficulty < least || difficulty > most) {
    throw new RangeError(`difficulty is ${least}..${most}`);
  }

  const firstTarget = (1n << BigInt(256 - 4 * difficulty)) - 1n;
  return makeCairnNetwork(name, CAIRN_PARAMS, targetToCompact(firstTarget));
}

function makeCairnNetwork(name: string, params: ConsensusParams, bits: number): Network {
  const genesis = makeCairnGenesis(name, params, bits);
  return {
    name,
    params,
    genesis,
    magic: sha256(new TextEncoder().encode(`cairn/${genesis.hash}`)).slice(0, 4),
    addressPrefixes: CAIRN_PREFIXES,
    p2pPort: 8333,
    isDevelopment: name === DEVELOPMENT_NETWORK_NAME,
  };
}

function makeRegtest(): Network {
  return {
    name: "regtest",
    params: REGTEST_PARAMS,
    genesis: makeRegtestGenesis(),
    magic: Uint8Array.of(0xfa, 0xbf, 0xb5, 0xda),
    addressPrefixes: { bech32: "bcrt", p2pkh: 0x6f, p2sh: 0xc4, wif: 0xef },
    p2pPort: 18444,
    isDevelopment: false,
  };
}
