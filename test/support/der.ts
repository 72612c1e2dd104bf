/**
 * Strict DER for the tests of signatures, so that vectors in DER can be put to code that takes
 * compact ones. Follows the text of BIP-0066; deliberately shares nothing with src/.
 */

/** The 64-byte compact form of a strictly encoded `der` signature, else undefined. */
export function compactFromDer(der: Uint8Array): Uint8Array | undefined {
  const [sequence, length, ...body] = der;
  if (sequence !== 0x30 || length !== body.length || body.length > 70) return undefined;

  const r = readInteger(body);
  if (r === undefined) return undefined;
  const s = readInteger(body.slice(r.size));
  if (s === undefined || r.size + s.size !== body.length) return undefined;

  const compact = new Uint8Array(64);
  for (const [digits, end] of [
    [r.digits, 32],
    [s.digits, 64],
  ] as const) {
    if (digits.length > 32) return undefined;
    compact.set(digits, end - digits.length);
  }
  return compact;
}

function readInteger(bytes: readonly number[]): { digits: number[]; size: number } | undefined {
  const [type, length = 0, first = 0, second = 0] = bytes;
  if (type !== 0x02 || length === 0 || bytes.length < 2 + length) return undefined;
  if (first >= 0x80) return undefined;
  if (length > 1 && first === 0 && second < 0x80) return undefined;

  const digits = bytes.slice(2, 2 + length);
  return { digits: first === 0 ? digits.slice(1) : digits, size: 2 + length };
}
