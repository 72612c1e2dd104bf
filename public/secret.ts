/**
 * Secrets for contracts, made of the browser's own chance, and their hashes.
 *
 * A secret is handed out and not kept.
 */

const SECRET_BYTES = 32;

/** A secret and its SHA-256, both as hex. */
export interface HashedSecret {
  readonly secret: string;
  readonly hash: string;
}

/** Returns a new one; throws where the browser hashes nothing, as over plain HTTP from elsewhere. */
export async function makeSecret(): Promise<HashedSecret> {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return { secret: toHex(bytes), hash: toHex(hash) };
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
