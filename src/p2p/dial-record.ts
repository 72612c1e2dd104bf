/**
 * Remembers how the last dial of each address ended, so that an operator can be told why a peer is
 * not there.
 *
 * A transport around another one; changes nothing about it, and decides nothing. What is said once
 * somebody has answered is the business of the peer manager.
 */

import { BoundedMap } from "../lib/bounded.ts";
import type { Clock } from "../lib/clock.ts";
import { formatNetAddress, type NetAddress } from "../wire/net-address.ts";
import {
  type Connection,
  type ConnectionHandler,
  type Listener,
  type Transport,
  TransportError,
} from "./transport.ts";

/** Addresses whose last dial is remembered; the one dialled longest ago goes first. */
export const MAX_DIALS_REMEMBERED = 1_024;

/** How a dial ended. */
export interface LastDial {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The system's word for why there was no connection; undefined if there was one. */
  readonly code: string | undefined;
}

export class DialRecord implements Transport {
  readonly #transport: Transport;
  readonly #clock: Pick<Clock, "now">;
  readonly #last = new BoundedMap<string, LastDial>(MAX_DIALS_REMEMBERED);

  constructor(transport: Transport, clock: Pick<Clock, "now">) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /** How the last dial of `address` ended; undefined if none has. */
  lastOf(address: NetAddress): LastDial | undefined {
    return this.#last.get(formatNetAddress(address));
  }

  listen(
    address: NetAddress,
    accept: (connection: Connection) => ConnectionHandler | undefined,
  ): Promise<Listener> {
    return this.#transport.listen(address, accept);
  }

  async connect(
    address: NetAddress,
    handlerOf: (connection: Connection) => ConnectionHandler,
    timeoutMs: number,
  ): Promise<Connection> {
    try {
      const connection = await this.#transport.connect(address, handlerOf, timeoutMs);
      this.#note(address, undefined);
      return connection;
    } catch (cause) {
      if (cause instanceof TransportError) this.#note(address, cause.code);
      throw cause;
    }
  }

  #note(address: NetAddress, code: string | undefined): void {
    this.#last.set(formatNetAddress(address), { at: this.#clock.now(), code });
  }
}
