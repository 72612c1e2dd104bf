/**
 * Byte strings: hex both ways, comparison, concatenation.
 *
 * Knows nothing of what the bytes mean. Reversing a hash for display is the business of
 * primitives/hash-id.ts and of nobody else.
 */

const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const HEX_PATTERN = /^(?:[0-9a-fA-F]{2})*$/;

/** Returns `bytes` as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  // The engine's own encoder is some ten times faster; Node 20 lacks it.
  const native = (bytes as { toHex?: () => string }).toHex;
  if (native !== undefined) return native.call(bytes);

  let hex = "";
  for (const byte of bytes) hex += HEX_PAIRS[byte];
  return hex;
}

/**
 * Returns the bytes that `hex` (either case) stands for.
 *
 * Throws RangeError on an odd length or any other character: `Buffer.from(hex, "hex")` would
 * silently stop there instead.
 */
export function fromHex(hex: string): Uint8Array {
  const native = (Uint8Array as { fromHex?: (hex: string) => Uint8Array }).fromHex;
  if (native !== undefined) {
    try {
      return native.call(Uint8Array, hex);
    } catch (cause) {
      throw new RangeError("not hexadecimal", { cause });
    }
  }

  if (!HEX_PATTERN.test(hex)) throw new RangeError("not hexadecimal");
  const bytes = new Uint8Array(hex.length >>> 1);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(hex.substring(2 * index, 2 * index + 2), 16);
  }
  return bytes;
}

/** Returns a new array with all `parts` one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;

  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** True if both hold the same bytes. Not constant-time: never for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    if (a[index] !== b[index]) return false;
  }
  return true;
}

/** Lexicographic order: negative if `a` comes first, positive if `b` does, 0 if they are equal. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const difference = (a[index] as number) - (b[index] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Returns a reversed copy. */
export function reverseBytes(bytes: Uint8Array): Uint8Array {
  return bytes.slice().reverse();
}
