/**
 * From a password to a key: scrypt (RFC 7914), within bounds that no file can exceed.
 *
 * Bounds only: the engine's own scrypt is in native-keys.ts, one for every engine in
 * portable-keys.ts.
 */

/** What one key costs: `n` steps of 128 * r bytes each, `p` times over. */
export interface ScryptCost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** Derives a key of KEY_BYTES: one of the two `deriveScryptKey`, or in tests what is faster. */
export type DeriveKey = (
  password: Uint8Array,
  salt: Uint8Array,
  cost: ScryptCost,
) => Promise<Uint8Array>;

/** Bytes of a key: those of AES-256. */
export const KEY_BYTES = 32;

/** Bytes of a salt. */
export const SALT_BYTES = 32;

/** The cost of new files: 128 MiB, some 0.4 s; what OWASP asks for at least. */
export const SCRYPT_COST: ScryptCost = { n: 2 ** 17, r: 8, p: 1 };

/** The cheapest that a file may ask for: 32 MiB. */
export const MIN_SCRYPT_N = 2 ** 15;

/** Memory that a file may ask for, in bytes. At the only `r` allowed this makes 2^18 the largest n. */
export const MAX_SCRYPT_BYTES = 256 * 1024 * 1024;

const ONLY_R = 8;
const MAX_P = 4;

/** The same with room for what engines count beside the memory proper; more than enough. */
export const MAX_SCRYPT_MEMORY = MAX_SCRYPT_BYTES + 1024 * 1024;

/** True for a cost that may be spent: known before anything is allocated. */
export function isAllowedCost({ n, r, p }: ScryptCost): boolean {
  return (
    r === ONLY_R &&
    Number.isInteger(Math.log2(n)) &&
    n >= MIN_SCRYPT_N &&
    128 * n * r <= MAX_SCRYPT_BYTES &&
    Number.isInteger(p) &&
    p >= 1 &&
    p <= MAX_P
  );
}

/** Throws RangeError unless isAllowedCost(). */
export function checkCost(cost: ScryptCost): void {
  if (!isAllowedCost(cost)) throw new RangeError("scrypt with a cost out of bounds");
}
