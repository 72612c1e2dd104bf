/**
 * Coins of every standard kind, and transactions that spend them with true signatures.
 *
 * Signs with the product's own messages: that those are Bitcoin's is shown by published vectors. All
 * coins belong to the same two keys.
 */

import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { hash160, sha256 } from "../../src/crypto/hash.ts";
import { publicKeyOf, signEcdsa } from "../../src/crypto/keys.ts";
import { concatBytes, toHex } from "../../src/lib/bytes.ts";
import { scriptOf } from "../../src/primitives/address.ts";
import {
  makeTransaction,
  type Outpoint,
  type Transaction,
  type TransactionParts,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import type { TaprootExecution } from "../../src/script/execution.ts";
import { legacySighash } from "../../src/script/legacy-sighash.ts";
import { startTaproot } from "../../src/script/machine.ts";
import { Opcode } from "../../src/script/opcodes.ts";
import { pushData, ScriptBuilder } from "../../src/script/script.ts";
import { createSighashCache, type SighashCache, SighashType } from "../../src/script/sighash.ts";
import { multisigScript } from "../../src/script/standard.ts";
import { TAPSCRIPT_LEAF_VERSION, tapLeafHash, tapTweakHash } from "../../src/script/taproot.ts";
import { taprootSighash, witnessV0Sighash } from "../../src/script/witness-sighash.ts";
import { compactToDer } from "./payments.ts";

/** Kinds of coin that relay takes, by how they are spent. */
export const STANDARD_KINDS = [
  "pubkey",
  "pubkeyhash",
  "scripthash-multisig",
  "scripthash-keyhash",
  "scripthash-multisig-witness",
  "keyhash",
  "multisig-witness",
  "locked-until",
  "locked-for",
  "taproot-key",
  "taproot-script",
  "anchor",
] as const;

/** One of STANDARD_KINDS. */
export type StandardKind = (typeof STANDARD_KINDS)[number];

/** A coin of a standard kind. `lock` matters to those that are locked: a height, or blocks. */
export interface StandardCoin {
  readonly kind: StandardKind;
  readonly lock: number;
  readonly outpoint: Outpoint;
  readonly value: number;
}

const KEYS = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)] as const;
const PUBLIC_KEYS = KEYS.map(publicKeyOf) as [Uint8Array, Uint8Array];
const MULTISIG = multisigScript({ required: 2, publicKeys: PUBLIC_KEYS });
const KEY_CHECK = new ScriptBuilder().data(PUBLIC_KEYS[0]).opcode(Opcode.OP_CHECKSIG).build();
const KEY_HASH = hash160(PUBLIC_KEYS[0]);
const NO_BYTES = new Uint8Array(0);

const X_ONLY_KEY = PUBLIC_KEYS[0].subarray(1);
const LEAF_SCRIPT = new ScriptBuilder().data(X_ONLY_KEY).opcode(Opcode.OP_CHECKSIG).build();
const LEAF_HASH = tapLeafHash(TAPSCRIPT_LEAF_VERSION, LEAF_SCRIPT);
const TWEAKED = tweak(KEYS[0], LEAF_HASH);

const ANCHOR = Uint8Array.of(0x51, 2, 0x4e, 0x73);

/** Returns the script that pays to a coin of this kind. */
export function standardScript(kind: StandardKind, lock = 0): Uint8Array {
  switch (kind) {
    case "pubkey":
      return KEY_CHECK;
    case "pubkeyhash":
      return scriptOf({ type: "p2pkh", witnessVersion: undefined, program: KEY_HASH });
    case "scripthash-multisig":
      return scriptHash(MULTISIG);
    case "scripthash-keyhash":
      return scriptHash(standardScript("keyhash"));
    case "scripthash-multisig-witness":
      return scriptHash(standardScript("multisig-witness"));
    case "keyhash":
      return scriptOf({ type: "p2wpkh", witnessVersion: 0, program: KEY_HASH });
    case "multisig-witness":
      return witnessScriptHash(MULTISIG);
    case "locked-until":
    case "locked-for":
      return witnessScriptHash(lockScript(kind, lock));
    case "taproot-key":
    case "taproot-script":
      return scriptOf({ type: "p2tr", witnessVersion: 1, program: TWEAKED.outputKey });
    case "anchor":
      return ANCHOR;
  }
}

/** What of a transaction is chosen freely. */
export interface SpendPlan {
  readonly version: number;
  readonly lockTime: number;
  readonly sequence: number;
  readonly outputs: readonly TxOutput[];
}

/** Returns a transaction that spends `coins`, each signed as its kind demands. */
export function spendStandard(coins: readonly StandardCoin[], plan: SpendPlan): Transaction {
  const { sequence, ...rest } = plan;
  const unsigned: TransactionParts = {
    ...rest,
    inputs: coins.map(({ outpoint }) => ({
      prevout: outpoint,
      scriptSig: NO_BYTES,
      sequence,
      witness: [],
    })),
  };
  const cache = createSighashCache(makeTransaction(unsigned));
  const spentOutputs = coins.map(({ kind, lock, value }) => ({
    value,
    scriptPubKey: standardScript(kind, lock),
  }));
  const inputs = unsigned.inputs.map((input, index) => ({
    ...input,
    ...new InputSigner(cache, index, coins[index] as StandardCoin, spentOutputs).sign(),
  }));
  return makeTransaction({ ...unsigned, inputs });
}

interface Signed {
  readonly scriptSig: Uint8Array;
  readonly witness: readonly Uint8Array[];
}

class InputSigner {
  readonly #cache: SighashCache;
  readonly #index: number;
  readonly #coin: StandardCoin;
  readonly #spentOutputs: readonly TxOutput[];

  constructor(
    cache: SighashCache,
    index: number,
    coin: StandardCoin,
    spentOutputs: readonly TxOutput[],
  ) {
    this.#cache = cache;
    this.#index = index;
    this.#coin = coin;
    this.#spentOutputs = spentOutputs;
  }

  sign(): Signed {
    const { kind, lock } = this.#coin;
    switch (kind) {
      case "pubkey":
        return legacy(this.#legacy(KEY_CHECK));
      case "pubkeyhash":
        return legacy(this.#legacy(standardScript(kind)), PUBLIC_KEYS[0]);
      case "scripthash-multisig":
        return legacy(NO_BYTES, this.#legacy(MULTISIG), this.#legacy(MULTISIG, KEYS[1]), MULTISIG);
      case "scripthash-keyhash":
        return nested("keyhash", this.#keyHashWitness());
      case "scripthash-multisig-witness":
        return nested("multisig-witness", this.#multisigWitness());
      case "keyhash":
        return native(...this.#keyHashWitness());
      case "multisig-witness":
        return native(...this.#multisigWitness());
      case "locked-until":
      case "locked-for": {
        const script = lockScript(kind, lock);
        return native(this.#witness(script), script);
      }
      case "taproot-key":
        return native(this.#schnorr(startTaproot(undefined, undefined, 0), TWEAKED.privateKey));
      case "taproot-script": {
        const signature = this.#schnorr(startTaproot(undefined, LEAF_HASH, 0), KEYS[0]);
        const first = TAPSCRIPT_LEAF_VERSION | Number(TWEAKED.isOdd);
        return native(signature, LEAF_SCRIPT, concatBytes(Uint8Array.of(first), X_ONLY_KEY));
      }
      case "anchor":
        return native();
    }
  }

  #keyHashWitness(): Uint8Array[] {
    return [this.#witness(standardScript("pubkeyhash")), PUBLIC_KEYS[0]];
  }

  #multisigWitness(): Uint8Array[] {
    return [NO_BYTES, this.#witness(MULTISIG), this.#witness(MULTISIG, KEYS[1]), MULTISIG];
  }

  #legacy(scriptCode: Uint8Array, key: Uint8Array = KEYS[0]): Uint8Array {
    return ecdsa(legacySighash(this.#cache, this.#index, scriptCode, SighashType.ALL), key);
  }

  #witness(scriptCode: Uint8Array, key: Uint8Array = KEYS[0]): Uint8Array {
    const { value } = this.#coin;
    return ecdsa(
      witnessV0Sighash(this.#cache, this.#index, scriptCode, value, SighashType.ALL),
      key,
    );
  }

  #schnorr(execution: TaprootExecution, key: Uint8Array): Uint8Array {
    const type = SighashType.DEFAULT;
    const digest = taprootSighash(this.#cache, this.#index, this.#spentOutputs, type, execution);
    return schnorr.sign(digest as Uint8Array, key, new Uint8Array(32));
  }
}

function ecdsa(digest: Uint8Array, key: Uint8Array): Uint8Array {
  return concatBytes(compactToDer(signEcdsa(digest, key)), Uint8Array.of(SighashType.ALL));
}

function legacy(...elements: readonly Uint8Array[]): Signed {
  return { scriptSig: concatBytes(...elements.map(pushData)), witness: [] };
}

function native(...witness: readonly Uint8Array[]): Signed {
  return { scriptSig: NO_BYTES, witness };
}

function nested(kind: StandardKind, witness: readonly Uint8Array[]): Signed {
  return { scriptSig: pushData(standardScript(kind)), witness };
}

function scriptHash(script: Uint8Array): Uint8Array {
  return scriptOf({ type: "p2sh", witnessVersion: undefined, program: hash160(script) });
}

function witnessScriptHash(script: Uint8Array): Uint8Array {
  return scriptOf({ type: "p2wsh", witnessVersion: 0, program: sha256(script) });
}

function lockScript(kind: "locked-until" | "locked-for", lock: number): Uint8Array {
  const opcode =
    kind === "locked-until" ? Opcode.OP_CHECKLOCKTIMEVERIFY : Opcode.OP_CHECKSEQUENCEVERIFY;
  const builder = new ScriptBuilder().number(lock).opcode(opcode, Opcode.OP_DROP);
  return builder.data(PUBLIC_KEYS[0]).opcode(Opcode.OP_CHECKSIG).build();
}

/** The key of an output that commits to a leaf (BIP-0341), and what signs for it. */
function tweak(privateKey: Uint8Array, merkleRoot: Uint8Array) {
  const { Fn, BASE } = secp256k1.Point;
  const number = BigInt(`0x${toHex(privateKey)}`);
  const isKeyOdd = BASE.multiply(number).toAffine().y % 2n === 1n;
  const hash = tapTweakHash(publicKeyOf(privateKey).subarray(1), merkleRoot);
  const secret = Fn.create((isKeyOdd ? Fn.ORDER - number : number) + BigInt(`0x${toHex(hash)}`));
  const outputPoint = BASE.multiply(secret).toBytes(true);
  return {
    privateKey: Fn.toBytes(secret),
    outputKey: outputPoint.slice(1),
    isOdd: outputPoint[0] === 3,
  };
}
