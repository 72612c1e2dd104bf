/** PSBTs: with another library in every role, and against those who lie about what is spent. */

import { describe, expect, test } from "bun:test";
import { BIP32Factory, type BIP32Interface } from "bip32";
import * as bitcoin from "bitcoinjs-lib";
import { ECPairFactory } from "ecpair";
import fc from "fast-check";
import * as tinySecp256k1 from "tiny-secp256k1";
import { sha256 } from "../../../src/crypto/hash.ts";
import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { ByteReader } from "../../../src/lib/codec.ts";
import { formatAddress, scriptOf } from "../../../src/primitives/address.ts";
import type { Txid } from "../../../src/primitives/hash-id.ts";
import {
  decodeTransaction,
  encodeTransaction,
  makeTransaction,
  outpointKey,
  type TxOutput,
} from "../../../src/primitives/transaction.ts";
import { STANDARD_FLAGS } from "../../../src/script/flags.ts";
import { createSighashCache } from "../../../src/script/sighash.ts";
import { multisigScript } from "../../../src/script/standard.ts";
import { verifyInput } from "../../../src/script/verify-input.ts";
import {
  ACCOUNT_KINDS,
  type AccountKind,
  type KeyAccount,
  scriptOfKey,
} from "../../../src/wallet/account.ts";
import { KEY_VERSIONS } from "../../../src/wallet/account-key.ts";
import {
  deriveAccount,
  deriveContractAccount,
  type SecretBytes,
  withMasterKey,
} from "../../../src/wallet/master-key.ts";
import { seedOf } from "../../../src/wallet/native-keys.ts";
import {
  combinePsbts,
  createPsbt,
  encodePsbt,
  formatPsbt,
  MAX_PSBT_BYTES,
  type PsbtInputParts,
  type PsbtParts,
  parsePsbt,
} from "../../../src/wallet/psbt.ts";
import { PsbtError } from "../../../src/wallet/psbt-error.ts";
import { checkSpentOutputs, describePsbt, type Psbt } from "../../../src/wallet/psbt-facts.ts";
import { finalizePsbt, isComplete, signPsbt } from "../../../src/wallet/psbt-signing.ts";

bitcoin.initEccLib(tinySecp256k1);
const bip32 = BIP32Factory(tinySecp256k1);
const ecpair = ECPairFactory(tinySecp256k1);

const NETWORK = {
  messagePrefix: "",
  bech32: "crn",
  bip32: KEY_VERSIONS,
  pubKeyHash: 28,
  scriptHash: 87,
  wif: 156,
};
const CAIRN = { bech32: "crn", p2pkh: 28, p2sh: 87, wif: 156 };

const SECRETS = [1, 2, 3].map((fill) => {
  return { entropy: new Uint8Array(32).fill(fill), passphrase: new Uint8Array(0) };
});
const [OURS, THEIRS] = SECRETS as [SecretBytes, SecretBytes];
const PAID = deriveAccount(THEIRS, "wpkh", 0).scriptAt(0, 0);
const FEE = 500;

describe("with another library", () => {
  test("a PSBT made and signed here is finalized there", () => {
    for (const kind of ACCOUNT_KINDS) {
      const psbt = createPsbt(partsOf([coinOf(kind, 0), coinOf(kind, 1)]));
      expect(sign(psbt)).toBe(2);
      const theirs = bitcoin.Psbt.fromBase64(formatPsbt(psbt), { network: NETWORK });
      expect(theirs.validateSignaturesOfAllInputs(validateBoth)).toBe(true);
      const raw = theirs.finalizeAllInputs().extractTransaction().toBuffer();
      expect(toHex(raw)).toBe(toHex(finalizePsbt(psbt)));
      expectValid(
        raw,
        describePsbt(psbt).inputs.map(({ spent }) => spent!),
      );
    }
  });

  test("a PSBT made here and signed there is finalized here", () => {
    for (const kind of ACCOUNT_KINDS) {
      const coins = [coinOf(kind, 4), coinOf(kind, 5)];
      const theirs = bitcoin.Psbt.fromBase64(formatPsbt(createPsbt(partsOf(coins))), {
        network: NETWORK,
      });
      const root = bip32.fromSeed(seedOf(OURS.entropy, OURS.passphrase), NETWORK);
      signAllBy(theirs, root, coins);
      const signed = parsePsbt(theirs.toBase64());
      expect(describePsbt(signed).inputs.map(({ signedBy }) => signedBy.length)).toEqual([1, 1]);
      expectValid(finalizePsbt(signed), coins);
    }
  });

  test("a PSBT made there is signed here and finalized there", () => {
    for (const kind of ACCOUNT_KINDS) {
      const coin = coinOf(kind, 9);
      const theirs = new bitcoin.Psbt({ network: NETWORK }).addInput(theirInput(kind, coin));
      theirs.addOutput({ script: PAID, value: BigInt(coin.value - FEE) });
      const psbt = parsePsbt(theirs.toBase64());
      const facts = describePsbt(psbt);
      expect(facts.fee).toBe(FEE);
      expect(facts.inputs[0]?.isProven).toBe(kind === "pkh");
      expect(sign(psbt)).toBe(1);
      const back = bitcoin.Psbt.fromBase64(formatPsbt(psbt), { network: NETWORK });
      const raw = back.finalizeAllInputs().extractTransaction().toBuffer();
      expectValid(raw, [coin]);
    }
  });

  test("two of three sign one by one, here and there, and either side combines", () => {
    for (const [here, there] of [
      [0, 1],
      [1, 2],
      [2, 0],
    ] as const) {
      const coin = contractCoin();
      const made = formatPsbt(createPsbt(partsOf([coin])));
      const ours = parsePsbt(made);
      expect(sign(ours, SECRETS[here])).toBe(1);
      expect(isComplete(ours)).toBe(false);
      expect(problemOf(() => finalizePsbt(ours))).toBe("incomplete");

      const theirs = bitcoin.Psbt.fromBase64(made, { network: NETWORK });
      const { entropy, passphrase } = SECRETS[there]!;
      theirs.signInputHD(0, bip32.fromSeed(seedOf(entropy, passphrase), NETWORK));

      const combined = combinePsbts([ours, parsePsbt(theirs.toBase64())]);
      expect(describePsbt(combined).inputs[0]?.signedBy).toHaveLength(2);
      const raw = finalizePsbt(combined);
      expectValid(raw, [coin]);
      const combinedThere = theirs.combine(
        bitcoin.Psbt.fromBase64(formatPsbt(ours), { network: NETWORK }),
      );
      const rawThere = combinedThere.finalizeAllInputs().extractTransaction().toBuffer();
      expect(toHex(rawThere)).toBe(toHex(raw));
    }
  });
});

describe("createPsbt", () => {
  test("says what it was told, in either version of the format", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...ACCOUNT_KINDS), { minLength: 1, maxLength: 5 }),
        fc.nat({ max: 0xffffffff }),
        fc.constantFrom(0 as const, 2 as const),
        fc.boolean(),
        (kinds, lockTime, version, isSigned) => {
          const coins = kinds.map((kind, index) => coinOf(kind, index));
          const psbt = createPsbt({ ...partsOf(coins), lockTime });
          if (isSigned) expect(sign(psbt)).toBe(coins.length);
          const facts = describePsbt(psbt);
          expect(facts.fee).toBe(FEE);
          expect(facts.lockTime).toBe(lockTime);
          expect(facts.inputs.map(({ spent }) => spent!.scriptPubKey)).toEqual(
            coins.map(({ scriptPubKey }) => scriptPubKey),
          );
          const again = parsePsbt(encodePsbt(psbt, version));
          expect(describePsbt(again)).toEqual(facts);
          expect(isComplete(again)).toBe(isSigned);
        },
      ),
      { numRuns: 15 },
    );
  });

  test("takes outputs that carry data, and change with its key", () => {
    const coin = coinOf("wpkh", 0);
    const change = deriveAccount(OURS, "wpkh", 0);
    const psbt = createPsbt({
      ...partsOf([coin]),
      outputs: [
        { value: 0, scriptPubKey: Uint8Array.of(0x6a, 3, 0x43, 0x52, 0x4e) },
        { value: 1000, scriptPubKey: change.scriptAt(1, 0), keys: [change.derivationAt(1, 0)] },
      ],
    });
    expect(describePsbt(psbt).outputs.map(({ keys }) => keys)).toEqual([
      [],
      [change.derivationAt(1, 0)],
    ]);
  });

  test("refuses what contradicts itself", () => {
    const coin = coinOf("pkh", 0);
    const { previousTx: _, ...bare } = coin;
    for (const [inputs, code] of [
      [[bare], "missing-output"],
      [[{ ...coin, value: coin.value + 1 }], "wrong-output"],
      [[{ ...coin, scriptPubKey: coinOf("pkh", 1).scriptPubKey }], "wrong-output"],
      [[coin, coin], "duplicate-input"],
      [[{ ...coinOf("wpkh", 0), value: 1 }], "amount"],
      [[{ ...coinOf("wpkh", 0), value: -1 }], "format"],
    ] as const) {
      const parts = { ...partsOf([coin]), inputs };
      expect([code, problemOf(() => createPsbt(parts))]).toEqual([code, code]);
    }
  });
});

describe("parsePsbt", () => {
  test("reads base64 with line breaks, and refuses what is too large before it looks", () => {
    const text = formatPsbt(createPsbt(partsOf([coinOf("wpkh", 0)])));
    const broken = text.replace(/.{64}/g, "$&\r\n");
    expect(describePsbt(parsePsbt(broken))).toEqual(describePsbt(parsePsbt(text)));
    expect(problemOf(() => parsePsbt(new Uint8Array(MAX_PSBT_BYTES + 1)))).toBe("too-large");
    expect(problemOf(() => parsePsbt(" ".repeat(2 * MAX_PSBT_BYTES)))).toBe("too-large");
    for (const wrong of ["", "hello", `${text}AAAA`, text.slice(0, -8), `${text}!`]) {
      expect([wrong.length, problemOf(() => parsePsbt(wrong))]).toEqual([wrong.length, "format"]);
    }
  });

  test("fails in no other way on damaged bytes, and nor does what follows", () => {
    const signed = createPsbt(partsOf([coinOf("wpkh", 0), coinOf("tr", 1), coinOf("pkh", 2)]));
    sign(signed);
    const bytes = encodePsbt(signed);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }), (offset, value) => {
        const damaged = bytes.with(offset, value);
        const code = problemOf(() => {
          const psbt = parsePsbt(damaged);
          describePsbt(psbt);
          const raw = finalizePsbt(psbt);
          expectValid(
            raw,
            describePsbt(psbt).inputs.map(({ spent }) => spent!),
          );
        });
        expect(code === undefined || typeof code === "string").toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("keeps the rows of others that it does not know", () => {
    const psbt = createPsbt(partsOf([coinOf("wpkh", 0)]));
    const bytes = encodePsbt(psbt);
    // An own row in the last map, that of the only output.
    const row = Uint8Array.of(2, 0xf0, 0x77, 3, 1, 2, 3);
    const extended = new Uint8Array([...bytes.subarray(0, -1), ...row, 0]);
    const again = parsePsbt(extended);
    sign(again);
    expect(toHex(encodePsbt(combinePsbts([again, psbt])))).toContain(toHex(row));
  });
});

describe("checkSpentOutputs", () => {
  const coins = [coinOf("wpkh", 0), coinOf("pkh", 1)];
  const psbt = createPsbt(partsOf(coins));
  const chain = new Map<string, TxOutput>(coins.map((coin) => [outpointKey(coin.outpoint), coin]));

  test("agrees if the chain does", () => {
    expect(problemOf(() => checkSpentOutputs(psbt, (at) => chain.get(outpointKey(at))))).toBe(
      undefined,
    );
  });

  test("refuses another amount, another script and what is not there (K-03)", () => {
    const [first] = coins as [PsbtInputParts];
    const key = outpointKey(first.outpoint);
    for (const [real, code] of [
      [{ ...first, value: first.value + 1 }, "wrong-output"],
      [{ ...first, scriptPubKey: PAID }, "wrong-output"],
      [undefined, "missing-output"],
    ] as const) {
      const find = (at: PsbtInputParts["outpoint"]) => {
        return outpointKey(at) === key ? real : chain.get(outpointKey(at));
      };
      expect([code, problemOf(() => checkSpentOutputs(psbt, find))]).toEqual([code, code]);
    }
  });
});

describe("signPsbt", () => {
  test("signs nothing of another wallet's, and nothing that another's key names as ours", () => {
    const foreign = createPsbt(partsOf([coinOf("wpkh", 0), coinOf("tr", 0)]));
    expect(sign(foreign, THEIRS)).toBe(0);

    const account = deriveAccount(OURS, "wpkh", 0);
    const coin = coinOf("wpkh", 0);
    const [named] = coin.keys;
    for (const keys of [
      // Our fingerprint and path beside a key that is not there.
      [{ ...named!, publicKey: deriveAccount(THEIRS, "wpkh", 0).publicKeyAt(0, 0) }],
      // A key of ours that the script does not have.
      [account.derivationAt(0, 1)],
      [{ ...named!, fingerprint: 1 }],
      [{ ...named!, path: [...named!.path, ...new Array<number>(20).fill(0)] }],
    ]) {
      const psbt = createPsbt(partsOf([{ ...coin, keys }]));
      expect(sign(psbt)).toBe(0);
      expect(describePsbt(psbt).inputs[0]?.signedBy).toEqual([]);
    }
  });

  test("signs the inputs that are ours beside those that are not", () => {
    const theirs = coinOf("wpkh", 1, THEIRS);
    const psbt = createPsbt(partsOf([coinOf("tr", 0), theirs, coinOf("pkh", 2)]));
    expect(sign(psbt)).toBe(2);
    expect(sign(psbt)).toBe(0);
    expect(isComplete(psbt)).toBe(false);
    expect(sign(psbt, THEIRS)).toBe(1);
    expect(isComplete(psbt)).toBe(true);
  });

  test("refuses to leave a part of the transaction open", () => {
    for (const kind of ACCOUNT_KINDS) {
      const coin = coinOf(kind, 0);
      for (const sighashType of [0x01, 0x02, 0x03, 0x81, 0x82, 0x83]) {
        const theirs = new bitcoin.Psbt({ network: NETWORK }).addInput({
          ...theirInput(kind, coin),
          sighashType,
        });
        theirs.addOutput({ script: PAID, value: 1000n });
        const code = problemOf(() => sign(parsePsbt(theirs.toBase64())));
        expect([kind, sighashType, code]).toEqual([
          kind,
          sighashType,
          sighashType > 1 ? "sighash" : undefined,
        ]);
      }
    }
  });

  test("signs for no output without a witness that is not proven (K-03)", () => {
    const coin = coinOf("pkh", 0);
    const theirs = new bitcoin.Psbt({ network: NETWORK }).addInput({
      ...theirInput("wpkh", coin),
      witnessUtxo: { script: coin.scriptPubKey, value: 1n },
    });
    theirs.addOutput({ script: PAID, value: 1n });
    expect(problemOf(() => sign(parsePsbt(theirs.toBase64())))).toBe("missing-output");
  });

  test("gives the same signatures again, and no r twice (K-01)", () => {
    const seen = new Set<string>();
    withMasterKey(OURS, (master) => {
      const publicKey = master.publicKey!;
      const key = { publicKey, fingerprint: master.fingerprint, path: [] };
      // One key for all, as it is the same key that must not use a nonce twice.
      const coins = ACCOUNT_KINDS.map((kind) => {
        return coinAt(scriptOfKey(kind, publicKey), [key], kind === "pkh");
      });
      const signed = (lockTime: number) => {
        const psbt = createPsbt({ ...partsOf(coins), lockTime });
        expect(signPsbt(psbt, master)).toBe(3);
        return psbt;
      };
      for (let lockTime = 1; lockTime <= 60; lockTime++) {
        const psbt = signed(lockTime);
        for (const index of coins.keys()) {
          const { partialSig, tapKeySig } = psbt.getInput(index);
          seen.add(toHex(tapKeySig?.subarray(0, 32) ?? rOf(partialSig![0]![1])));
        }
        if (lockTime < 4) expect(formatPsbt(signed(lockTime))).toBe(formatPsbt(psbt));
      }
    });
    expect(seen.size).toBe(180);
  });
});

describe("finalizePsbt", () => {
  test("weighs no more than the account said", () => {
    for (const kind of ACCOUNT_KINDS) {
      const { inputWeight } = deriveAccount(OURS, kind, 0);
      const weights = [1, 2, 6].map((count) => {
        const coins = Array.from({ length: count }, (_, index) => coinOf(kind, index));
        const psbt = createPsbt(partsOf(coins));
        sign(psbt);
        return decode(finalizePsbt(psbt)).weight;
      });
      const perInput = (weights[2]! - weights[1]!) / 4;
      expect(perInput).toBeLessThanOrEqual(inputWeight);
      // Two bytes of either signature may be missing, four times without a witness.
      expect(perInput).toBeGreaterThanOrEqual(inputWeight - 9);
    }
  });

  test("refuses a signature that does not fit, wherever it came from", () => {
    for (const kind of ["wpkh", "tr"] as const) {
      const coin = coinOf(kind, 0);
      const honest = createPsbt(partsOf([coin]));
      sign(honest);
      // The same signature under a transaction that pays another sum.
      const other = createPsbt({ ...partsOf([coin]), lockTime: 7 });
      const { partialSig, tapKeySig } = honest.getInput(0);
      other.updateInput(0, {
        ...(partialSig && { partialSig }),
        ...(tapKeySig && { tapKeySig }),
      });
      expect(problemOf(() => finalizePsbt(other))).toBe("invalid-signature");
      expect(isComplete(other)).toBe(false);
    }
  });

  test("finds a witness amount that was a lie by its signature (K-03)", () => {
    const coin = coinOf("wpkh", 0);
    const lie = createPsbt(partsOf([{ ...coin, value: coin.value - 100 }]));
    sign(lie);
    expectInvalid(finalizePsbt(lie), [coin]);
  });

  test("leaves the PSBT as it is", () => {
    const psbt = createPsbt(partsOf([coinOf("wpkh", 0)]));
    sign(psbt);
    const before = formatPsbt(psbt);
    finalizePsbt(psbt);
    expect(formatPsbt(psbt)).toBe(before);
  });
});

describe("combinePsbts", () => {
  test("refuses PSBTs of different transactions", () => {
    const psbts = [0, 1].map((lockTime) => {
      return createPsbt({ ...partsOf([coinOf("wpkh", 0)]), lockTime });
    });
    expect(problemOf(() => combinePsbts(psbts))).toBe("mismatch");
    expect(() => combinePsbts([])).toThrow(RangeError);
  });
});

const accounts = new Map<string, KeyAccount>();

/** Derived once: a seed takes milliseconds, on purpose. */
function accountOf(kind: AccountKind, secret: SecretBytes): KeyAccount {
  const name = `${kind} ${toHex(secret.entropy)}`;
  const account = accounts.get(name) ?? deriveAccount(secret, kind, 0);
  accounts.set(name, account);
  return account;
}

type Coin = PsbtInputParts & { readonly previousTx: Uint8Array };

/** A coin at index `index` of an account, in a transaction of its own. */
function coinOf(kind: AccountKind, index: number, secret: SecretBytes = OURS): Coin {
  const account = accountOf(kind, secret);
  return coinAt(account.scriptAt(0, index), [account.derivationAt(0, index)], kind === "pkh");
}

/** A coin that two of three wallets can spend. */
function contractCoin(): PsbtInputParts {
  const keys = SECRETS.map((secret) => deriveContractAccount(secret, 0).key.originAt(0, 3));
  const publicKeys = keys.map(({ publicKey }) => publicKey).sort(Buffer.compare);
  const witnessScript = multisigScript({ required: 2, publicKeys });
  const program = sha256(witnessScript);
  const scriptPubKey = scriptOf({ type: "p2wsh", witnessVersion: 0, program });
  return { ...coinAt(scriptPubKey, keys, false), witnessScript };
}

function coinAt(scriptPubKey: Uint8Array, keys: PsbtInputParts["keys"], isProven: boolean): Coin {
  const previous = makeTransaction({
    version: 2,
    lockTime: 0,
    inputs: [
      {
        prevout: { txid: "ab".repeat(32) as Txid, vout: 7 },
        scriptSig: new Uint8Array(0),
        sequence: 0,
        witness: [],
      },
    ],
    outputs: [
      { value: 5000, scriptPubKey: PAID },
      { value: 100_000, scriptPubKey },
    ],
  });
  const coin = {
    outpoint: { txid: previous.txid, vout: 1 },
    value: 100_000,
    scriptPubKey,
    sequence: 0xfffffffd,
    keys,
  };
  return { ...coin, ...(isProven && { previousTx: encodeTransaction(previous) }) } as Coin;
}

function partsOf(inputs: readonly PsbtInputParts[]): PsbtParts {
  const value = inputs.reduce((sum, input) => sum + input.value, -FEE);
  return { version: 2, lockTime: 0, inputs, outputs: [{ value, scriptPubKey: PAID }] };
}

function sign(psbt: Psbt, secret = OURS): number {
  return withMasterKey(secret, (master) => signPsbt(psbt, master));
}

/** An input as another library takes it. */
function theirInput(kind: AccountKind, coin: Coin) {
  const [key] = coin.keys;
  const { publicKey, path } = key!;
  const root = bip32.fromSeed(seedOf(OURS.entropy, OURS.passphrase), NETWORK);
  const derivation = { masterFingerprint: root.fingerprint, path: pathText(path) };
  const input = { hash: coin.outpoint.txid, index: 1, sequence: coin.sequence };
  const pubkey = publicKey;
  if (kind === "tr") {
    return {
      ...input,
      witnessUtxo: { script: coin.scriptPubKey, value: BigInt(coin.value) },
      tapInternalKey: pubkey.subarray(1),
      tapBip32Derivation: [{ ...derivation, pubkey: pubkey.subarray(1), leafHashes: [] }],
    };
  }
  return {
    ...input,
    bip32Derivation: [{ ...derivation, pubkey }],
    ...(kind === "pkh"
      ? { nonWitnessUtxo: coin.previousTx }
      : { witnessUtxo: { script: coin.scriptPubKey, value: BigInt(coin.value) } }),
  };
}

function pathText(path: readonly number[]): string {
  return `m/${path.map((step) => (step < 2 ** 31 ? `${step}` : `${step - 2 ** 31}'`)).join("/")}`;
}

function signAllBy(psbt: bitcoin.Psbt, root: BIP32Interface, coins: readonly Coin[]): void {
  for (const [index, coin] of coins.entries()) {
    const key = root.derivePath(pathText(coin.keys[0]!.path));
    const internal = psbt.data.inputs[index]!.tapInternalKey;
    const signer =
      internal === undefined
        ? key
        : key.tweak(bitcoin.crypto.taggedHash("TapTweak", key.publicKey.subarray(1)));
    psbt.signInput(index, signer);
  }
}

function validateBoth(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  return publicKey.length === 32
    ? tinySecp256k1.verifySchnorr(digest, publicKey, signature)
    : ecpair.fromPublicKey(publicKey).verify(digest, signature);
}

function decode(raw: Uint8Array) {
  const reader = new ByteReader(raw);
  const tx = decodeTransaction(reader);
  reader.end();
  return tx;
}

function errorsOf(raw: Uint8Array, spentOutputs: readonly TxOutput[]) {
  const tx = decode(raw);
  const cache = createSighashCache(tx);
  return tx.inputs.map((_, inputIndex) =>
    verifyInput({
      tx,
      inputIndex,
      spentOutputs,
      flags: STANDARD_FLAGS,
      cache,
      signatures: PORTABLE_SIGNATURES,
    }),
  );
}

function expectValid(raw: Uint8Array, spentOutputs: readonly TxOutput[]): void {
  expect(errorsOf(raw, spentOutputs)).toEqual(spentOutputs.map(() => undefined));
  expect(spentOutputs.length).toBeGreaterThan(0);
  expect(formatAddress(PAID, CAIRN)).toStartWith("crn1");
}

function expectInvalid(raw: Uint8Array, spentOutputs: readonly TxOutput[]): void {
  expect(errorsOf(raw, spentOutputs)).not.toEqual(spentOutputs.map(() => undefined));
}

/** The r of a DER signature. */
function rOf(der: Uint8Array): Uint8Array {
  return der.subarray(4, 4 + (der[3] as number));
}

function problemOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof PsbtError) return error.code;
    throw error;
  }
  return undefined;
}
