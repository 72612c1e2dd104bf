/**
 * Contracts to test with: keys that have names, parameters of every template drawn at random, and a
 * spend from first to last.
 */

import fc from "fast-check";
import { sha256 } from "../../src/crypto/hash.ts";
import { publicKeyOf } from "../../src/crypto/keys.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { Transaction } from "../../src/primitives/transaction.ts";
import type { Contract, ContractBranch, TemplateName } from "../../src/wallet/contract.ts";
import { ContractError } from "../../src/wallet/contract-error.ts";
import {
  type ContractSpendPlan,
  finishContractSpend,
  makeContractSpend,
  signContractPsbt,
} from "../../src/wallet/contract-spend.ts";
import { makeContract } from "../../src/wallet/contract-templates.ts";

/** A key pair. */
export interface NamedKey {
  readonly name: string;
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** Keys for every contract that can be drawn: 1 owner and 20 heirs. */
export const KEYS: readonly NamedKey[] = Array.from({ length: 21 }, (_, index) => {
  const privateKey = sha256(Uint8Array.of(0xc0, index));
  return { name: `Person ${index}`, privateKey, publicKey: publicKeyOf(privateKey) };
});

export const [ANNA, BEN, CLEO, DORA] = KEYS as unknown as readonly [
  NamedKey,
  NamedKey,
  NamedKey,
  NamedKey,
];

/** The secret of all hash locks, and its hash. */
export const SECRET = sha256(Uint8Array.of(1, 2, 3));
export const SECRET_HASH = sha256(SECRET);

/** A party as parameters have it, called by its role. */
export function party({ publicKey }: NamedKey): { publicKey: string } {
  return { publicKey: toHex(publicKey) };
}

/** Returns the key of a party of a contract made of KEYS. */
export function keyOf(publicKey: Uint8Array): NamedKey {
  return KEYS.find((key) => toHex(key.publicKey) === toHex(publicKey))!;
}

/** Parameters of one contract of each template, every kind of lock among them. */
export const EXAMPLES: readonly (readonly [TemplateName, unknown])[] = [
  ["multisig", { keys: [ANNA, BEN, CLEO].map(party), threshold: 2 }],
  ["multisig", { keys: [ANNA].map(party), threshold: 1 }],
  ["multisig", { keys: KEYS.slice(0, 20).map(party), threshold: 20 }],
  ["timelock", { owner: party(ANNA), lock: { height: 250 } }],
  ["timelock", { owner: party(ANNA), lock: { time: 1_700_003_000 } }],
  ["timelock", { owner: party(ANNA), lock: { blocks: 10 } }],
  ["timelock", { owner: party(ANNA), lock: { seconds: 1_024 } }],
  [
    "htlc",
    {
      receiver: party(BEN),
      sender: party(ANNA),
      hash: toHex(SECRET_HASH),
      refundAfter: { height: 250 },
    },
  ],
  [
    "htlc",
    {
      receiver: party(BEN),
      sender: party(ANNA),
      hash: toHex(SECRET_HASH),
      refundAfter: { time: 1_700_003_000 },
    },
  ],
  ["escrow", { buyer: party(ANNA), seller: party(BEN), arbiter: party(CLEO) }],
  [
    "inheritance",
    {
      owner: party(ANNA),
      heirs: [BEN, CLEO, DORA].map(party),
      threshold: 2,
      after: { blocks: 10 },
    },
  ],
  [
    "inheritance",
    { owner: party(ANNA), heirs: [party(BEN)], threshold: 1, after: { seconds: 1_024 } },
  ],
];

/** Every branch of every example. */
export const BRANCHES: readonly (readonly [title: string, Contract, ContractBranch])[] =
  EXAMPLES.flatMap(([template, parameters], index) => {
    const contract = makeContract(template, parameters);
    return contract.branches.map(
      (branch) => [`${template} ${index}: ${branch.name}`, contract, branch] as const,
    );
  });

/** The example of that place in EXAMPLES. */
export function example(template: TemplateName, place = 0): Contract {
  const all = EXAMPLES.filter(([name]) => name === template);
  return makeContract(template, all[place]![1]);
}

const height = fc.record({ height: fc.integer({ min: 1, max: 499_999_999 }) });
const time = fc.record({ time: fc.integer({ min: 500_000_000, max: 0x7fffffff }) });
const blocks = fc.record({ blocks: fc.integer({ min: 1, max: 0xffff }) });
const seconds = fc.record({ seconds: fc.integer({ min: 1, max: 0xffff * 512 }) });

const people = (minLength: number, maxLength: number) =>
  fc.shuffledSubarray([...KEYS], { minLength, maxLength }).map((keys) => keys.map(party));
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const threshold = (count: number) => fc.integer({ min: 1, max: count });

/** Parameters that a contract can be made of. */
export const arbitraryContract: fc.Arbitrary<readonly [TemplateName, unknown]> = fc.oneof(
  people(1, 20)
    .chain((keys) => fc.record({ keys: fc.constant(keys), threshold: threshold(keys.length) }))
    .map((parameters) => ["multisig", parameters] as const),
  fc
    .tuple(people(1, 1), fc.oneof(height, time, blocks, seconds))
    .map(([[owner], lock]) => ["timelock", { owner, lock }] as const),
  fc
    .tuple(people(2, 2), hash, fc.oneof(height, time))
    .map(
      ([[receiver, sender], digest, refundAfter]) =>
        ["htlc", { receiver, sender, hash: digest, refundAfter }] as const,
    ),
  people(3, 3).map(([buyer, seller, arbiter]) => ["escrow", { buyer, seller, arbiter }] as const),
  fc
    .tuple(people(2, 21), fc.oneof(blocks, seconds), fc.nat())
    .map(([[owner, ...heirs], after, pick]) => {
      const parameters = { owner, heirs, threshold: 1 + (pick % heirs.length), after };
      return ["inheritance", parameters] as const;
    }),
);

/** Makes a spend and signs it by the first parties of the branch, as many as it asks for. */
export function spendContract(plan: ContractSpendPlan): Transaction {
  const { contract, branch: name } = plan;
  const branch = contract.branches.find((candidate) => candidate.name === name)!;
  const preimage = branch.hash === undefined ? {} : { preimage: SECRET };
  const { psbt } = makeContractSpend({ ...plan, ...preimage });
  const signed = branch.parties
    .slice(0, branch.threshold)
    .map(({ publicKey }) => signContractPsbt(contract, name, psbt, keyOf(publicKey).privateKey));
  return finishContractSpend(contract, name, signed);
}

/** Returns the code of the ContractError that `act` throws, or "none". */
export function codeOf(act: () => unknown): string {
  try {
    act();
    return "none";
  } catch (error) {
    if (error instanceof ContractError) return error.code;
    throw error;
  }
}
