/**
 * Small messages that steer a connection: `ping`, `pong`, `feefilter` (BIP-0133), `sendcmpct`
 * (BIP-0152).
 *
 * Those without any payload need no more than emptyFormat.
 */

import { DecodeError } from "../lib/codec.ts";
import type { MessageFormat } from "./message-format.ts";

/** `ping` asks for a `pong` with the same nonce (BIP-0031). */
export interface PingMessage<C extends "ping" | "pong"> {
  readonly command: C;
  readonly nonce: bigint;
}

/** Asks not to announce transactions that pay less. */
export interface FeeFilterMessage {
  readonly command: "feefilter";
  /** Sats per 1,000 virtual bytes. */
  readonly feeRate: bigint;
}

/** Says that compact blocks are understood, and whether they are wanted unasked. */
export interface SendCmpctMessage {
  readonly command: "sendcmpct";
  /** True: announce new blocks by `cmpctblock`. */
  readonly highBandwidth: boolean;
  /** 2 is the one with witnesses, and the only one used; any other is to be ignored. */
  readonly version: bigint;
}

/** Returns the format of `ping` or `pong`. */
export function pingFormat<C extends "ping" | "pong">(command: C): MessageFormat<PingMessage<C>> {
  return {
    maxBytes: 8,
    write(writer, { nonce }) {
      writer.u64(nonce);
    },
    read(reader) {
      return { command, nonce: reader.u64() };
    },
  };
}

export const FEE_FILTER_FORMAT: MessageFormat<FeeFilterMessage> = {
  maxBytes: 8,
  write(writer, { feeRate }) {
    writer.u64(feeRate);
  },
  read(reader) {
    return { command: "feefilter", feeRate: reader.u64() };
  },
};

export const SEND_CMPCT_FORMAT: MessageFormat<SendCmpctMessage> = {
  maxBytes: 9,
  write(writer, { highBandwidth, version }) {
    writer.u8(highBandwidth ? 1 : 0).u64(version);
  },
  read(reader) {
    const flag = reader.u8();
    if (flag > 1) throw new DecodeError("sendcmpct: neither 0 nor 1");
    return { command: "sendcmpct", highBandwidth: flag === 1, version: reader.u64() };
  },
};
