/**
 * The encoding of undo data: the coins that a block spent, in order of its inputs.
 *
 * Read back by disconnecting, and by the explorer index, which learns from it what was spent.
 */

import type { Coin } from "../consensus/check-inputs.ts";
import { type ByteReader, ByteWriter, DecodeError, decodeAll } from "../lib/codec.ts";

/** Least bytes of an encoded coin. */
const MIN_COIN_SIZE = 14;

/** Returns the encoding of `coins`. */
export function encodeUndo(coins: readonly Coin[]): Uint8Array {
  const writer = new ByteWriter(16 + 48 * coins.length).compactSize(coins.length);
  for (const coin of coins) {
    writer
      .u32(coin.height)
      .u8(coin.isCoinbase ? 1 : 0)
      .i64(coin.value);
    writer.variableBytes(coin.scriptPubKey);
  }
  return writer.finish();
}

/** Returns the coins; DecodeError if the bytes are damaged. */
export function decodeUndo(bytes: Uint8Array): Coin[] {
  return decodeAll(bytes, (reader: ByteReader) => {
    const count = reader.count(MIN_COIN_SIZE);
    const coins: Coin[] = [];
    for (let index = 0; index < count; index++) {
      const height = reader.u32();
      const isCoinbase = readBoolean(reader);
      coins.push({
        height,
        isCoinbase,
        value: reader.i64AsNumber(),
        scriptPubKey: reader.variableBytes(),
      });
    }
    return coins;
  });
}

/** Any third byte would be damage that nobody notices. */
function readBoolean(reader: ByteReader): boolean {
  const byte = reader.u8();
  if (byte > 1) throw new DecodeError("neither 0 nor 1");
  return byte === 1;
}
