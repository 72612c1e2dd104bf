/**
 * What a signature commits to, field by field: legacy, version 0 witness and Taproot, under every
 * hash type (C-15, C-16, C-17).
 *
 * The table of fields is written from the BIPs. What is committed to must break the signature when
 * it changes, and what is not must leave it whole: a test of only the first kind would pass with
 * signatures that are never valid.
 */

import { describe, expect, test } from "bun:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { signEcdsa } from "../../../src/crypto/keys.ts";
import { concatBytes, equalBytes, fromHex } from "../../../src/lib/bytes.ts";
import {
  makeTransaction,
  type TransactionParts,
  type TxInput,
  type TxOutput,
} from "../../../src/primitives/transaction.ts";
import { STANDARD_FLAGS } from "../../../src/script/flags.ts";
import { legacySighash } from "../../../src/script/legacy-sighash.ts";
import { createSighashCache, SighashType } from "../../../src/script/sighash.ts";
import { someTxid } from "../../support/builders.ts";
import { compactFromDer } from "../../support/der.ts";
import { compactToDer } from "../../support/payments.ts";
import { SIGNING_KEY, SPEND_KINDS, type SpendKind } from "../../support/signed-spends.ts";
import {
  expectNoValidMutation,
  isValid,
  OTHER,
  OWN,
  signedWorld,
  type World,
} from "../../support/signed-world.ts";

const change = (world: World, parts: Partial<TransactionParts>): World => ({
  ...world,
  tx: makeTransaction({ ...world.tx, ...parts }),
});
const changeInput = (world: World, at: number, changes: (input: TxInput) => Partial<TxInput>) =>
  change(world, {
    inputs: world.tx.inputs.map((input, index) =>
      index === at ? { ...input, ...changes(input) } : input,
    ),
  });
const changeOutput = (world: World, at: number, changes: Partial<TxOutput>) =>
  change(world, { outputs: world.tx.outputs.with(at, { ...world.tx.outputs[at]!, ...changes }) });
const changeSpent = (world: World, at: number, changes: Partial<TxOutput>): World => ({
  ...world,
  spentOutputs: world.spentOutputs.with(at, { ...world.spentOutputs[at]!, ...changes }),
});

/** A signature's hash type, taken apart. */
interface Scope {
  readonly kind: SpendKind["name"];
  readonly isAll: boolean;
  readonly isSingle: boolean;
  readonly isOneInput: boolean;
}

/** A field, how to change it, and whether a signature of that scope commits to it. */
type Field = readonly [
  name: string,
  mutate: (world: World) => World,
  isCommitted: (scope: Scope) => boolean,
];

const always = () => true;
const FIELDS: readonly Field[] = [
  ["the version", (world) => change(world, { version: 1 }), always],
  ["the lock time", (world) => change(world, { lockTime: 78 }), always],
  [
    "the transaction it spends",
    (world) =>
      changeInput(world, OWN, ({ prevout }) => ({ prevout: { ...prevout, txid: someTxid(9) } })),
    always,
  ],
  [
    "the output it spends",
    (world) => changeInput(world, OWN, ({ prevout }) => ({ prevout: { ...prevout, vout: 9 } })),
    always,
  ],
  ["its sequence", (world) => changeInput(world, OWN, () => ({ sequence: 5 })), always],
  [
    "the amount it spends",
    (world) => changeSpent(world, OWN, { value: 9_999 }),
    ({ kind }) => kind !== "legacy",
  ],
  [
    "another input's transaction",
    (world) =>
      changeInput(world, OTHER, ({ prevout }) => ({ prevout: { ...prevout, txid: someTxid(9) } })),
    ({ isOneInput }) => !isOneInput,
  ],
  [
    "another input's output",
    (world) => changeInput(world, OTHER, ({ prevout }) => ({ prevout: { ...prevout, vout: 9 } })),
    ({ isOneInput }) => !isOneInput,
  ],
  [
    "another input's sequence",
    (world) => changeInput(world, OTHER, () => ({ sequence: 5 })),
    ({ kind, isAll, isOneInput }) => !isOneInput && (isAll || kind === "taproot"),
  ],
  [
    "another input's amount",
    (world) => changeSpent(world, OTHER, { value: 9_999 }),
    ({ kind, isOneInput }) => kind === "taproot" && !isOneInput,
  ],
  [
    "another input's script",
    (world) => changeSpent(world, OTHER, { scriptPubKey: Uint8Array.of(0x51) }),
    ({ kind, isOneInput }) => kind === "taproot" && !isOneInput,
  ],
  [
    "one input more at the end",
    (world) => ({
      ...change(world, {
        inputs: [
          ...world.tx.inputs,
          { ...world.tx.inputs[0]!, prevout: { txid: someTxid(0x77), vout: 0 } },
        ],
      }),
      spentOutputs: [...world.spentOutputs, world.spentOutputs[0]!],
    }),
    ({ isOneInput }) => !isOneInput,
  ],
  [
    "the last input gone",
    (world) => ({
      ...change(world, { inputs: world.tx.inputs.slice(0, -1) }),
      spentOutputs: world.spentOutputs.slice(0, -1),
    }),
    ({ isOneInput }) => !isOneInput,
  ],
  [
    "the amount of the output at its place",
    (world) => changeOutput(world, OWN, { value: 1 }),
    ({ isAll, isSingle }) => isAll || isSingle,
  ],
  [
    "the script of the output at its place",
    (world) => changeOutput(world, OWN, { scriptPubKey: Uint8Array.of(0x6a) }),
    ({ isAll, isSingle }) => isAll || isSingle,
  ],
  [
    "the amount of another output",
    (world) => changeOutput(world, OTHER, { value: 1 }),
    ({ isAll }) => isAll,
  ],
  [
    "the script of another output",
    (world) => changeOutput(world, 0, { scriptPubKey: Uint8Array.of(0x6a) }),
    ({ isAll }) => isAll,
  ],
  [
    "one output more",
    (world) => change(world, { outputs: [...world.tx.outputs, world.tx.outputs[0]!] }),
    ({ isAll }) => isAll,
  ],
  [
    "the last output gone",
    (world) => change(world, { outputs: world.tx.outputs.slice(0, -1) }),
    ({ isAll }) => isAll,
  ],
];

const { ALL, NONE, SINGLE, DEFAULT, ANYONECANPAY } = SighashType;
const TYPES = [ALL, NONE, SINGLE, ALL | ANYONECANPAY, NONE | ANYONECANPAY, SINGLE | ANYONECANPAY];

const CASES = SPEND_KINDS.flatMap((kind) =>
  [...(kind.name === "taproot" ? [DEFAULT] : []), ...TYPES].map(
    (hashType) => [kind.name, hashType, kind] as const,
  ),
);

describe.each(CASES)("a %s signature of hash type %i", (_name, hashType, kind) => {
  const world = signedWorld(kind, hashType);
  const base = hashType & 0x1f;
  const scope: Scope = {
    kind: kind.name,
    isAll: base === ALL || base === DEFAULT,
    isSingle: base === SINGLE,
    isOneInput: (hashType & ANYONECANPAY) !== 0,
  };
  const signatureOf = (index: number) =>
    kind.sign({ ...world, tx: world.tx, inputIndex: index, hashType });

  test("is valid, under the rules of relay too", () => {
    for (const index of world.tx.inputs.keys()) {
      expect(isValid(world, index)).toBe(true);
      expect(isValid(world, index, STANDARD_FLAGS)).toBe(true);
    }
  });

  test.each(FIELDS)("C-17: covers %s exactly as the BIPs say", (_field, mutate, isCommitted) => {
    expect(isValid(mutate(world))).toBe(!isCommitted(scope));
  });

  test("C-17: is worth nothing at another input", () => {
    for (const from of [0, OTHER]) {
      const moved = changeInput(world, OWN, () => kind.satisfy(signatureOf(from)));
      expect(isValid(moved)).toBe(false);
    }
  });

  test("C-17: is worth nothing under another hash type", () => {
    const signature = signatureOf(OWN);
    for (let type = 0; type < 256; type++) {
      if (type === hashType) continue;
      const bare = hashType === DEFAULT ? signature : signature.subarray(0, -1);
      const retyped = concatBytes(bare, Uint8Array.of(type));
      expect(isValid(changeInput(world, OWN, () => kind.satisfy(retyped)))).toBe(false);
    }
  });

  test("C-16: has no other bytes: any bit turned is a signature of nothing", () => {
    const signature = signatureOf(OWN);
    for (let bit = 0; bit < 8 * signature.length; bit++) {
      const turned = signature.with(bit >> 3, signature[bit >> 3]! ^ (1 << (bit & 7)));
      expect(isValid(changeInput(world, OWN, () => kind.satisfy(turned)))).toBe(false);
    }
  });
});

/** What may stand where a signature or a key is expected, and is none. */
describe("encodings of ECDSA signatures and keys", () => {
  const ORDER = secp256k1.Point.Fn.ORDER;
  const FIELD = secp256k1.Point.Fp.ORDER;
  const bytesOf = (number: bigint) => fromHex(number.toString(16).padStart(64, "0"));
  const kinds = SPEND_KINDS.filter(({ name }) => name !== "taproot");

  const forms: readonly (readonly [
    name: string,
    forge: (compact: Uint8Array, der: Uint8Array) => Uint8Array,
  ])[] = [
    ["r of zero", (compact) => compactToDer(concatBytes(new Uint8Array(32), compact.subarray(32)))],
    [
      "s of zero",
      (compact) => compactToDer(concatBytes(compact.subarray(0, 32), new Uint8Array(32))),
    ],
    [
      "r of the order",
      (compact) => compactToDer(concatBytes(bytesOf(ORDER), compact.subarray(32))),
    ],
    [
      "s of the order",
      (compact) => compactToDer(concatBytes(compact.subarray(0, 32), bytesOf(ORDER))),
    ],
    ["63 bytes without DER", (compact) => compact.subarray(0, 63)],
    ["64 bytes without DER", (compact) => compact],
    ["65 bytes without DER", (compact) => concatBytes(compact, Uint8Array.of(0))],
    ["a byte after its DER", (_, der) => concatBytes(der, Uint8Array.of(0))],
    [
      "a longer form of a length",
      (_, der) => concatBytes(Uint8Array.of(0x30, 0x81), der.subarray(1)),
    ],
    [
      "a padded r",
      (_, der) => concatBytes(Uint8Array.of(0x30, der[1]! + 1, 2, der[3]! + 1, 0), der.subarray(4)),
    ],
    ["a negative r", (_, der) => der.with(4, der[4]! | 0x80)],
    ["nothing but a hash type", () => new Uint8Array(0)],
  ];

  describe.each(kinds.map((kind) => [kind.name, kind] as const))("%s", (_name, kind) => {
    const world = signedWorld(kind, ALL);
    const signature = kind.sign({ ...world, inputIndex: OWN, hashType: ALL });
    const der = signature.subarray(0, -1);
    const compact = compactFromDer(der)!;
    const withDer = (bytes: Uint8Array) =>
      changeInput(world, OWN, () => kind.satisfy(concatBytes(bytes, Uint8Array.of(ALL))));

    test.each(forms)("C-15: %s is false and no exception", (_form, forge) => {
      const forged = forge(compact, der);
      expect(equalBytes(forged, der)).toBe(false);
      expect(isValid(withDer(forged))).toBe(false);
    });

    test("C-15: the twin with n - s is valid in a block, as in Bitcoin, and refused by relay", () => {
      const s = BigInt(`0x${compact.subarray(32).toHex()}`);
      const twin = compactToDer(concatBytes(compact.subarray(0, 32), bytesOf(ORDER - s)));
      expect(isValid(withDer(twin))).toBe(true);
      expect(isValid(withDer(twin), OWN, STANDARD_FLAGS)).toBe(false);
    });
  });

  /** A transaction that spends a bare `<key> OP_CHECKSIG`, signed by the key of all kinds. */
  function bareWorld(publicKey: Uint8Array): World {
    const script = concatBytes(Uint8Array.of(publicKey.length), publicKey, Uint8Array.of(0xac));
    const spent = changeSpent(signedWorld(SPEND_KINDS[0]!, ALL), OWN, { scriptPubKey: script });
    const digest = legacySighash(createSighashCache(spent.tx), OWN, script, ALL);
    const signature = compactToDer(signEcdsa(digest, SIGNING_KEY.privateKey));
    const scriptSig = concatBytes(
      Uint8Array.of(signature.length + 1),
      signature,
      Uint8Array.of(ALL),
    );
    return changeInput(spent, OWN, () => ({ scriptSig }));
  }

  const point = secp256k1.Point.fromBytes(SIGNING_KEY.publicKey);
  const [x, y] = [bytesOf(point.x), bytesOf(point.y)];
  const hybrid = Uint8Array.of(6 + (y[31]! & 1));

  test("C-15: the same key is known in each of its forms by legacy scripts, as in Bitcoin", () => {
    const uncompressed = concatBytes(Uint8Array.of(4), x, y);
    for (const key of [SIGNING_KEY.publicKey, uncompressed, concatBytes(hybrid, x, y)]) {
      expect(isValid(bareWorld(key))).toBe(true);
    }
    expect(isValid(bareWorld(concatBytes(hybrid, x, y)), OWN, STANDARD_FLAGS)).toBe(false);
  });

  test.each([
    ["an x of the field's order", concatBytes(Uint8Array.of(2), bytesOf(FIELD))],
    ["an x that no point has", concatBytes(Uint8Array.of(2), bytesOf(5n))],
    ["half a point", concatBytes(Uint8Array.of(4), x)],
    ["a point off the curve", concatBytes(Uint8Array.of(4), x, y.with(31, y[31]! ^ 2))],
    [
      "a hybrid of the wrong sign",
      concatBytes(
        hybrid.map((byte) => byte ^ 1),
        x,
        y,
      ),
    ],
    ["the point's mirror", SIGNING_KEY.publicKey.with(0, SIGNING_KEY.publicKey[0]! ^ 1)],
    ["32 bytes", SIGNING_KEY.publicKey.subarray(0, 32)],
    ["an unknown first byte", SIGNING_KEY.publicKey.with(0, 1)],
    ["zeros", new Uint8Array(33)],
    ["nothing", new Uint8Array(0)],
  ])("C-15: %s is no key", (_form, key) => {
    expect(isValid(bareWorld(key))).toBe(false);
  });
});

/** How many mutations of whole transactions the ordinary run tries for each kind. */
const MUTATIONS = 3_000;

test.each(SPEND_KINDS.map((kind) => [kind.name, kind] as const))(
  "C-16: a signed %s transaction with any byte changed has another txid or is invalid, and never valid",
  (_name, kind) => {
    expectNoValidMutation(kind, 0xc16, MUTATIONS);
  },
);
