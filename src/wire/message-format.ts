/**
 * What each kind of message says about itself: how large it may be, and its payload both ways.
 *
 * The table of all kinds is in message.ts; the header around a payload in frame.ts.
 */

import type { ByteReader, ByteWriter } from "../lib/codec.ts";

/** How one kind of message is encoded. */
export interface MessageFormat<M> {
  /** Most bytes of its payload; "block" where the network's largest block sets the bound. */
  readonly maxBytes: number | "block";
  /** Appends the payload; RangeError on what does not fit the format. */
  write(writer: ByteWriter, message: M): void;
  /** Reads one payload; DecodeError on what does not follow the format. */
  read(reader: ByteReader): M;
}

/** A message that is nothing but its command. */
export interface EmptyMessage<C extends string> {
  readonly command: C;
}

/** Returns the format of a message without a payload. */
export function emptyFormat<C extends string>(command: C): MessageFormat<EmptyMessage<C>> {
  return { maxBytes: 0, write: () => {}, read: () => ({ command }) };
}
