/**
 * `tx` and `block`: a transaction or a block as it stands.
 *
 * A block that is stored is sent as the bytes it is stored as, by encodeFrame; what is here encodes
 * it anew.
 */

import { type Block, decodeBlock, encodeBlock } from "../primitives/block.ts";
import {
  decodeTransaction,
  encodeTransaction,
  type Transaction,
} from "../primitives/transaction.ts";
import type { MessageFormat } from "./message-format.ts";

export interface TxMessage {
  readonly command: "tx";
  readonly transaction: Transaction;
}

export interface BlockMessage {
  readonly command: "block";
  readonly block: Block;
}

/** Most bytes of a `tx`: what weighs more than 400,000 is not relayed, and a byte weighs one or more. */
const MAX_TX_BYTES = 400_000;

export const TX_FORMAT: MessageFormat<TxMessage> = {
  maxBytes: MAX_TX_BYTES,
  write(writer, { transaction }) {
    writer.bytes(encodeTransaction(transaction));
  },
  read(reader) {
    return { command: "tx", transaction: decodeTransaction(reader) };
  },
};

export const BLOCK_FORMAT: MessageFormat<BlockMessage> = {
  maxBytes: "block",
  write(writer, { block }) {
    writer.bytes(encodeBlock(block));
  },
  read(reader) {
    return { command: "block", block: decodeBlock(reader) };
  },
};
