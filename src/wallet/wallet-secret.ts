/**
 * What a wallet's keys are made from, in memory: shown by nothing, wiped after use.
 *
 * The engine may have copied the bytes (its garbage collector moves and leaves things behind), so
 * wiping shortens their life and promises no more. How they are kept is in keystore-file.ts, what
 * is made of them is not known here.
 */

/** Bytes of entropy of 12 words. */
export const MIN_ENTROPY_BYTES = 16;

/** Bytes of entropy of 24 words. */
export const MAX_ENTROPY_BYTES = 32;

/** Bytes of a BIP-0039 passphrase, as UTF-8. */
export const MAX_PASSPHRASE_BYTES = 256;

const SHOWN = "(secret)";

/** Entropy and passphrase of BIP-0039. Owns its bytes: it copies what it is given. */
export class WalletSecret {
  readonly #entropy: Uint8Array;
  readonly #passphrase: Uint8Array;
  #isWiped = false;

  /** Throws RangeError unless `entropy` has 16..32 bytes and `passphrase` at most 256. */
  constructor(entropy: Uint8Array, passphrase: Uint8Array = new Uint8Array()) {
    if (entropy.length < MIN_ENTROPY_BYTES || entropy.length > MAX_ENTROPY_BYTES) {
      throw new RangeError("entropy of a length out of bounds");
    }
    if (passphrase.length > MAX_PASSPHRASE_BYTES) throw new RangeError("passphrase too long");
    this.#entropy = Uint8Array.from(entropy);
    this.#passphrase = Uint8Array.from(passphrase);
  }

  /** The bytes themselves, which `wipe` fills with zeros; throws once that was done. */
  get entropy(): Uint8Array {
    this.#checkWhole();
    return this.#entropy;
  }

  /** As `entropy`; empty if there is none. */
  get passphrase(): Uint8Array {
    this.#checkWhole();
    return this.#passphrase;
  }

  /** Overwrites the bytes. Keys made of zeros would look like others: reading throws from now on. */
  wipe(): void {
    this.#entropy.fill(0);
    this.#passphrase.fill(0);
    this.#isWiped = true;
  }

  toJSON(): string {
    return SHOWN;
  }

  toString(): string {
    return SHOWN;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SHOWN;
  }

  #checkWhole(): void {
    if (this.#isWiped) throw new Error("the secret was wiped");
  }
}
