/**
 * Lists as Bitcoin encodes them, a count and then the items, with a cap on the count.
 *
 * A count is refused before anything is made for it. What the items are, and how many of them are
 * too many, is the business of each message.
 */

import { type ByteReader, type ByteWriter, DecodeError } from "../lib/codec.ts";

/** The cap on one kind of list. */
export interface ListBounds {
  /** Most items. */
  readonly most: number;
  /** Fewest bytes that an item takes. */
  readonly itemBytes: number;
}

/** Reads a list; DecodeError if it has too many items, or announces more than can follow. */
export function readList<T>(
  reader: ByteReader,
  { most, itemBytes }: ListBounds,
  readItem: (reader: ByteReader) => T,
): T[] {
  const count = reader.count(itemBytes);
  if (count > most) throw new DecodeError(`a list of ${count}, more than ${most}`);
  const items: T[] = [];
  for (let index = 0; index < count; index++) items.push(readItem(reader));
  return items;
}

/** Writes a list; RangeError if it has too many items for others to accept. */
export function writeList<T>(
  writer: ByteWriter,
  { most }: ListBounds,
  items: readonly T[],
  writeItem: (writer: ByteWriter, item: T) => void,
): void {
  if (items.length > most) throw new RangeError(`a list of ${items.length}, more than ${most}`);
  writer.compactSize(items.length);
  for (const item of items) writeItem(writer, item);
}
