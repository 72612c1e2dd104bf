/**
 * Short texts from peers: printable ASCII of bounded length, fit for logs and pages as they are.
 *
 * Anything else is refused where it arrives, so that nobody further up has to think of control
 * characters or of letters that look like others.
 */

import { type ByteReader, type ByteWriter, DecodeError } from "../lib/codec.ts";

/** True for a text of at most `most` printable ASCII characters, the space among them. */
export function isPrintableText(text: string, most: number): boolean {
  return text.length <= most && /^[ -~]*$/.test(text);
}

/** Reads a text with its length before it; DecodeError if it is too long or not printable. */
export function readText(reader: ByteReader, most: number): string {
  const length = reader.count(1);
  if (length > most) throw new DecodeError(`a text of ${length} bytes, more than ${most}`);
  const text = String.fromCharCode(...reader.bytes(length));
  if (!isPrintableText(text, most)) throw new DecodeError("a text that cannot be printed");
  return text;
}

/** Writes a text with its length before it; RangeError if readText would refuse it. */
export function writeText(writer: ByteWriter, text: string, most: number): void {
  if (!isPrintableText(text, most)) throw new RangeError(`not ${most} printable characters`);
  writer.variableBytes(new TextEncoder().encode(text));
}
