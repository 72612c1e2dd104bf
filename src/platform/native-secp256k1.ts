/**
 * libsecp256k1 as a native addon: the prebuilt file inside the npm package `secp256k1`, loaded
 * directly. The package's own JavaScript is never run, since it falls back to `elliptic`.
 *
 * Gives a handle or `undefined`, and knows nothing of who uses it: low-S, key prefixes and the
 * portable backend are the business of crypto/ecdsa.ts.
 */

/** The native library. All methods are deterministic, and safe to call from any one thread. */
export interface NativeSecp256k1 {
  /** Shown where an operator asks which backend runs. */
  readonly name: "native";

  /**
   * True if the 64-byte compact `signature64` of `digest32` was made by the key `publicKey33`.
   * False for anything else: a high s, a point off the curve, other lengths, no bytes at all.
   */
  verify(signature64: Uint8Array, digest32: Uint8Array, publicKey33: Uint8Array): boolean;

  /**
   * Returns the 64-byte compact low-S signature (RFC 6979) of `digest32`. Throws RangeError unless
   * both have 32 bytes and the key is in 1..n-1.
   */
  sign(digest32: Uint8Array, privateKey32: Uint8Array): Uint8Array;

  /**
   * Returns the 33-byte key by which the 64-byte compact `signature64` of `digest32` would be valid,
   * if there is one; `recoveryId` (0..3) tells which of the points with that r is meant. High s is
   * taken as it is. Undefined on other lengths.
   */
  recoverKey(
    signature64: Uint8Array,
    recoveryId: number,
    digest32: Uint8Array,
  ): Uint8Array | undefined;

  /** Returns the 33-byte key plus `tweak32` (0..n-1) times the generator, or undefined. */
  addTweak(publicKey33: Uint8Array, tweak32: Uint8Array): Uint8Array | undefined;
}

/** The addon's class: it reads past what it is given, so lengths are checked before each call. */
interface AddonContext {
  contextRandomize(seed: Uint8Array): number;
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): number;
  ecdsaSign(
    output: { signature: Uint8Array; recid: number | null },
    digest: Uint8Array,
    privateKey: Uint8Array,
  ): number;
  ecdsaRecover(
    output: Uint8Array,
    signature: Uint8Array,
    recoveryId: number,
    digest: Uint8Array,
  ): number;
  publicKeyTweakAdd(output: Uint8Array, publicKey: Uint8Array, tweak: Uint8Array): number;
}

/** What the addon's functions return when they succeed; other numbers tell which step failed. */
const OK = 0;

/**
 * Loads the addon, and makes sure that it gives right answers. Returns `undefined` on a platform
 * without one, on another C library, where no temporary folder allows execution, and whenever
 * anything else is wrong; never throws.
 */
export function loadNativeSecp256k1(): NativeSecp256k1 | undefined {
  try {
    const { Secp256k1 } = requireAddon() as { Secp256k1: new () => AddonContext };
    const native = wrapContext(new Secp256k1());
    return passesSelfTest(native) ? native : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Conditions and paths are literal on purpose: the bundler decides each for the platform it builds
 * for, drops the others, and so embeds one file or none.
 */
function requireAddon(): unknown {
  if (process.platform === "linux" && process.arch === "x64") {
    return require("secp256k1/prebuilds/linux-x64/secp256k1.glibc.node");
  }
  if (process.platform === "darwin" && process.arch === "arm64") {
    return require("secp256k1/prebuilds/darwin-arm64/secp256k1.node");
  }
  if (process.platform === "win32" && process.arch === "x64") {
    return require("secp256k1/prebuilds/win32-x64/secp256k1.node");
  }
  return {};
}

function wrapContext(context: AddonContext): NativeSecp256k1 {
  // Blinds what signing does with the key against an observer of its timing; answers are the same.
  context.contextRandomize(crypto.getRandomValues(new Uint8Array(32)));

  return {
    name: "native",
    verify(signature64, digest32, publicKey33) {
      if (!isBytes(signature64, 64) || !isBytes(digest32, 32) || !isBytes(publicKey33, 33)) {
        return false;
      }
      return context.ecdsaVerify(signature64, digest32, publicKey33) === OK;
    },
    sign(digest32, privateKey32) {
      if (!isBytes(digest32, 32)) throw new RangeError("a digest has 32 bytes");
      if (!isBytes(privateKey32, 32)) throw new RangeError("a private key has 32 bytes");

      const signature = new Uint8Array(64);
      if (context.ecdsaSign({ signature, recid: null }, digest32, privateKey32) !== OK) {
        throw new RangeError("a private key is a number of 1..n-1");
      }
      return signature;
    },
    recoverKey(signature64, recoveryId, digest32) {
      if (!isBytes(signature64, 64) || !isBytes(digest32, 32)) return undefined;
      if (!RECOVERY_IDS.includes(recoveryId)) return undefined;
      const key = new Uint8Array(33);
      const isFound = context.ecdsaRecover(key, signature64, recoveryId, digest32) === OK;
      return isFound ? key : undefined;
    },
    addTweak(publicKey33, tweak32) {
      if (!isBytes(publicKey33, 33) || !isBytes(tweak32, 32)) return undefined;
      const key = new Uint8Array(33);
      return context.publicKeyTweakAdd(key, publicKey33, tweak32) === OK ? key : undefined;
    },
  };
}

const RECOVERY_IDS: readonly number[] = [0, 1, 2, 3];

/** Callers are typed; the check holds for those who are not, because the addon has none. */
function isBytes(value: unknown, length: number): boolean {
  return value instanceof Uint8Array && value.length === length;
}

/**
 * The known answer to "Satoshi Nakamoto" signed with the private key 1. A file that was built for
 * another version of the interface must not be believed.
 */
function passesSelfTest(native: NativeSecp256k1): boolean {
  const publicKey = Uint8Array.fromHex(
    "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
  );
  const digest = Uint8Array.fromHex(
    "a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e",
  );
  const signature = Uint8Array.fromHex(
    "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8" +
      "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
  );
  return (
    native.verify(signature, digest, publicKey) &&
    !native.verify(signature, publicKey.subarray(1), publicKey)
  );
}
