/**
 * All messages: one table of their formats, and the payload of any of them both ways.
 *
 * Each format is in the file of its subject; the header around a payload in frame.ts. Which message
 * may come when is the business of p2p/.
 */

import { ByteWriter, decodeAll } from "../lib/codec.ts";
import {
  ADDR_FORMAT,
  ADDRV2_FORMAT,
  type AddrMessage,
  type Addrv2Message,
} from "./address-messages.ts";
import { BLOCK_FORMAT, type BlockMessage, TX_FORMAT, type TxMessage } from "./block-messages.ts";
import {
  CAIRN_FORMAT,
  CAIRN_PROOF_FORMAT,
  type CairnMessage,
  type CairnProofMessage,
  HOPS_FORMAT,
  type HopsMessage,
  NODE_STAT_FORMAT,
  type NodeStatMessage,
} from "./cairn-messages.ts";
import {
  BLOCK_TXN_FORMAT,
  type BlockTxnMessage,
  CMPCT_BLOCK_FORMAT,
  type CmpctBlockMessage,
  GET_BLOCK_TXN_FORMAT,
  type GetBlockTxnMessage,
} from "./compact-block.ts";
import {
  FEE_FILTER_FORMAT,
  type FeeFilterMessage,
  type PingMessage,
  pingFormat,
  SEND_CMPCT_FORMAT,
  type SendCmpctMessage,
} from "./control-messages.ts";
import { encodeFrame, type FrameLimits } from "./frame.ts";
import {
  HEADERS_FORMAT,
  type HeadersMessage,
  type LocatorMessage,
  locatorFormat,
} from "./header-messages.ts";
import { type InventoryMessage, inventoryFormat } from "./inventory-messages.ts";
import { type EmptyMessage, emptyFormat, type MessageFormat } from "./message-format.ts";
import { VERSION_FORMAT, type VersionMessage } from "./version-message.ts";

/** Any message, told apart by its command. */
export type Message =
  | VersionMessage
  | EmptyMessage<"verack">
  | EmptyMessage<"wtxidrelay">
  | EmptyMessage<"sendaddrv2">
  | EmptyMessage<"sendheaders">
  | SendCmpctMessage
  | PingMessage<"ping">
  | PingMessage<"pong">
  | EmptyMessage<"getaddr">
  | AddrMessage
  | Addrv2Message
  | InventoryMessage<"inv">
  | InventoryMessage<"getdata">
  | InventoryMessage<"notfound">
  | TxMessage
  | BlockMessage
  | LocatorMessage<"getblocks">
  | LocatorMessage<"getheaders">
  | HeadersMessage
  | CmpctBlockMessage
  | GetBlockTxnMessage
  | BlockTxnMessage
  | EmptyMessage<"mempool">
  | FeeFilterMessage
  | CairnMessage
  | CairnProofMessage
  | HopsMessage
  | NodeStatMessage;

/** The command of a message that is known here. */
export type Command = Message["command"];

/** The message that has the command `C`. */
export type MessageOf<C extends Command> = Extract<Message, { readonly command: C }>;

const FORMATS: { readonly [C in Command]: MessageFormat<MessageOf<C>> } = {
  version: VERSION_FORMAT,
  verack: emptyFormat("verack"),
  wtxidrelay: emptyFormat("wtxidrelay"),
  sendaddrv2: emptyFormat("sendaddrv2"),
  sendheaders: emptyFormat("sendheaders"),
  sendcmpct: SEND_CMPCT_FORMAT,
  ping: pingFormat("ping"),
  pong: pingFormat("pong"),
  getaddr: emptyFormat("getaddr"),
  addr: ADDR_FORMAT,
  addrv2: ADDRV2_FORMAT,
  inv: inventoryFormat("inv"),
  getdata: inventoryFormat("getdata"),
  notfound: inventoryFormat("notfound"),
  tx: TX_FORMAT,
  block: BLOCK_FORMAT,
  getblocks: locatorFormat("getblocks"),
  getheaders: locatorFormat("getheaders"),
  headers: HEADERS_FORMAT,
  cmpctblock: CMPCT_BLOCK_FORMAT,
  getblocktxn: GET_BLOCK_TXN_FORMAT,
  blocktxn: BLOCK_TXN_FORMAT,
  mempool: emptyFormat("mempool"),
  feefilter: FEE_FILTER_FORMAT,
  cairn: CAIRN_FORMAT,
  cairnproof: CAIRN_PROOF_FORMAT,
  hops: HOPS_FORMAT,
  nodestat: NODE_STAT_FORMAT,
};

/** Every command that is known here. */
export const COMMANDS = Object.keys(FORMATS) as readonly Command[];

/** True for the command of a message that is known here. */
export function isCommand(command: string): command is Command {
  return Object.hasOwn(FORMATS, command);
}

/** Returns the payload of `message`; RangeError on what does not fit its format. */
export function encodeMessage(message: Message): Uint8Array {
  const writer = new ByteWriter();
  // The table gives each command the format of its own message.
  (FORMATS[message.command] as MessageFormat<Message>).write(writer, message);
  return writer.finish();
}

/** Returns `message` as it travels on the network of `magic`. */
export function frameMessage(magic: Uint8Array, message: Message): Uint8Array {
  return encodeFrame(magic, message.command, encodeMessage(message));
}

/**
 * Reads the payload of `command`. Undefined if the command is unknown: such messages are to be
 * ignored. DecodeError if the payload does not follow the format.
 */
export function decodeMessage(command: string, payload: Uint8Array): Message | undefined {
  if (!isCommand(command)) return undefined;
  const format: MessageFormat<Message> = FORMATS[command] as MessageFormat<Message>;
  return decodeAll(payload, (reader) => format.read(reader));
}

/** Payloads of unknown commands: room for what other implementations send unasked. */
const MAX_UNKNOWN_BYTES = 65_536;

/** What the largest block's message may have beyond the block. */
const BLOCK_MARGIN_BYTES = 65_536;

const MAX_HANDSHAKE_PAYLOAD_BYTES = 1_024;
const MAX_HANDSHAKE_TOTAL_BYTES = 4_096;

/** What a cutter lets in from a peer that has not shaken hands. */
export const HANDSHAKE_LIMITS: FrameLimits = {
  maxPayloadBytes: (command) => Math.min(maxPayload(command, 0), MAX_HANDSHAKE_PAYLOAD_BYTES),
  maxTotalBytes: MAX_HANDSHAKE_TOTAL_BYTES,
};

/** What a cutter lets in afterwards, where a block weighs at most `maxBlockWeight`. */
export function peerLimits(maxBlockWeight: number): FrameLimits {
  // A byte of a block weighs one at least.
  const maxBlockBytes = maxBlockWeight + BLOCK_MARGIN_BYTES;
  return {
    maxPayloadBytes: (command) => maxPayload(command, maxBlockBytes),
    maxTotalBytes: Number.POSITIVE_INFINITY,
  };
}

function maxPayload(command: string, maxBlockBytes: number): number {
  if (!isCommand(command)) return MAX_UNKNOWN_BYTES;
  const { maxBytes } = FORMATS[command];
  return maxBytes === "block" ? maxBlockBytes : maxBytes;
}
