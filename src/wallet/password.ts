/**
 * Passwords as bytes: the same ones whatever the keyboard, in a node and in a page.
 *
 * What a key costs that is made of them is the business of scrypt.ts.
 */

import { KeystoreError } from "./keystore-error.ts";

/** Bytes of a password, normalised. */
export const MAX_PASSWORD_BYTES = 1024;

/** As encodePassword(); KeystoreError "weak-password" if no wallet can have it. */
export function encodeNewPassword(password: string): Uint8Array {
  const bytes = encodePassword(password);
  if (bytes === undefined) throw new KeystoreError("weak-password");
  return bytes;
}

/**
 * UTF-8 of the password's NFKD, as in BIP-0039: the same on every keyboard. Undefined if it is
 * empty, too long, or no Unicode (lone surrogates would all become the same).
 */
export function encodePassword(password: string): Uint8Array | undefined {
  if (password.length > MAX_PASSWORD_BYTES || !password.isWellFormed()) return undefined;
  const bytes = new TextEncoder().encode(password.normalize("NFKD"));
  return bytes.length >= 1 && bytes.length <= MAX_PASSWORD_BYTES ? bytes : undefined;
}
