/**
 * Payments signed by our own primitives: many and fast, for benches and load.
 *
 * That other people's wallets agree is shown elsewhere, with @scure/btc-signer.
 */

import { hash160 } from "../../src/crypto/hash.ts";
import { publicKeyOf, signEcdsa } from "../../src/crypto/keys.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import { scriptOf } from "../../src/primitives/address.ts";
import {
  makeTransaction,
  type Outpoint,
  type Transaction,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import { createSighashCache, SighashType } from "../../src/script/sighash.ts";
import { witnessV0Sighash } from "../../src/script/witness-sighash.ts";

/** A key with its P2WPKH script. */
export interface PaymentKey {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly scriptPubKey: Uint8Array;
}

/** A coin that a key can spend. */
export interface SpendableCoin {
  readonly outpoint: Outpoint;
  readonly value: number;
}

/** Signs a 32-byte digest: 64 bytes, compact. */
export type Signer = (digest: Uint8Array, privateKey: Uint8Array) => Uint8Array;

/** Returns the key whose private part is 32 times `fill`. */
export function paymentKey(fill = 7): PaymentKey {
  const privateKey = new Uint8Array(32).fill(fill);
  const publicKey = publicKeyOf(privateKey);
  const program = hash160(publicKey);
  const scriptPubKey = scriptOf({ type: "p2wpkh", witnessVersion: 0, program });
  return { privateKey, publicKey, scriptPubKey };
}

/** Returns a signed transaction that spends `coins` of `key` to `outputs`. */
export function signPayment(
  key: PaymentKey,
  coins: readonly SpendableCoin[],
  outputs: readonly TxOutput[],
  sign: Signer = signEcdsa,
): Transaction {
  const parts = {
    version: 2,
    lockTime: 0,
    outputs,
    inputs: coins.map(({ outpoint }) => ({
      prevout: outpoint,
      scriptSig: new Uint8Array(),
      sequence: 0xfffffffd,
      witness: [] as Uint8Array[],
    })),
  };
  const cache = createSighashCache(makeTransaction(parts));
  const scriptCode = concatBytes(
    Uint8Array.of(0x76, 0xa9, 0x14),
    key.scriptPubKey.subarray(2),
    Uint8Array.of(0x88, 0xac),
  );
  const inputs = parts.inputs.map((input, index) => {
    const value = (coins[index] as SpendableCoin).value;
    const digest = witnessV0Sighash(cache, index, scriptCode, value, SighashType.ALL);
    const der = compactToDer(sign(digest, key.privateKey));
    const signature = concatBytes(der, Uint8Array.of(SighashType.ALL));
    return { ...input, witness: [signature, key.publicKey] };
  });
  return makeTransaction({ ...parts, inputs });
}

/** Returns the strict DER form (BIP-0066) of a 64-byte compact signature. */
export function compactToDer(compact: Uint8Array): Uint8Array {
  const integers = [compact.subarray(0, 32), compact.subarray(32)].map((number) => {
    const start = number.findIndex((byte) => byte !== 0);
    const digits = number.subarray(start === -1 ? 31 : start);
    const padding = (digits[0] as number) >= 0x80 ? [0] : [];
    return concatBytes(Uint8Array.of(2, digits.length + padding.length, ...padding), digits);
  });
  const body = concatBytes(...integers);
  return concatBytes(Uint8Array.of(0x30, body.length), body);
}
