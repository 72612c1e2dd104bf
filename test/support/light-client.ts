/**
 * A small client of the peer-to-peer protocol for tests: a socket, a handshake, and whatever a test
 * wants to be said, right or wrong.
 *
 * Speaks through wire/ to a whole process; it has no chain.
 */

import type { Network } from "../../src/consensus/params.ts";
import type { Transaction } from "../../src/primitives/transaction.ts";
import { FrameCutter } from "../../src/wire/frame.ts";
import { MSG_WTX } from "../../src/wire/inventory-messages.ts";
import { decodeMessage, frameMessage, type Message, peerLimits } from "../../src/wire/message.ts";
import { PROTOCOL_VERSION } from "../../src/wire/version-message.ts";

const UNSPECIFIED = { services: 0n, address: { host: "0.0.0.0", port: 0 } };

let nonceCount = 1n;

/** Where to, and whose messages are understood. */
export interface LightTarget {
  readonly port: number;
  readonly network: Network;
}

export class LightClient {
  readonly #network: Network;
  readonly #cutter: FrameCutter;
  readonly #ready = Promise.withResolvers<void>();
  #socket: Bun.Socket | undefined;
  #unsent: Uint8Array[] = [];
  /** Called for every message after the handshake. */
  onMessage: (message: Message) => void = () => {};
  /** Transactions that it gives to whoever asks. */
  readonly #offers = new Map<string, Transaction>();
  readonly pingsSent = new Map<bigint, number>();
  readonly roundTripsMs: number[] = [];
  /** False to answer nothing any more. */
  answers = true;
  isReady = false;
  isClosed = false;
  #isReading = true;

  private constructor({ network }: LightTarget) {
    this.#network = network;
    this.#cutter = new FrameCutter(network.magic, peerLimits(network.params.maxBlockWeight));
    this.#ready.promise.catch(() => {});
  }

  /** Connects, and says nothing. */
  static async dial(target: LightTarget): Promise<LightClient> {
    const client = new LightClient(target);
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: target.port,
      socket: {
        data: (_, bytes) => client.#receive(bytes),
        drain: () => client.#flush(),
        close: () => client.#end(),
        error: () => client.#end(),
      },
    });
    return client;
  }

  /** Connects and shakes hands. */
  static async join(target: LightTarget): Promise<LightClient> {
    const client = await LightClient.dial(target);
    client.sendVersion();
    await client.#ready.promise;
    return client;
  }

  /** Its own end of the connection. */
  get localPort(): number {
    return this.#socket?.localPort ?? 0;
  }

  sendVersion(): void {
    this.send(versionMessage());
  }

  send(message: Message): void {
    this.sendBytes(frameMessage(this.#network.magic, message));
  }

  sendBytes(bytes: Uint8Array): void {
    if (this.isClosed) return;
    this.#unsent.push(bytes);
    this.#flush();
  }

  ping(): void {
    const nonce = nonceCount++;
    this.pingsSent.set(nonce, performance.now());
    this.send({ command: "ping", nonce });
  }

  /** Announces `tx`, and gives it to whoever asks for it. */
  offer(tx: Transaction): void {
    this.#offers.set(tx.wtxid, tx);
    this.send({ command: "inv", entries: [{ type: MSG_WTX, hash: tx.wtxid }] });
  }

  /** Reads nothing any more: what comes stays in the system's buffers, and then with the sender. */
  stopReading(): void {
    this.#isReading = false;
    this.#socket?.pause();
  }

  /** Ends the connection as a process that is killed does: with a reset. */
  reset(): void {
    this.#socket?.terminate();
  }

  close(): void {
    this.#socket?.end();
  }

  #flush(): void {
    for (;;) {
      const next = this.#unsent[0];
      if (next === undefined || this.isClosed) return;
      const taken = this.#socket?.write(next) ?? 0;
      if (taken < 0) return;
      if (taken < next.length) {
        this.#unsent[0] = next.subarray(taken);
        return;
      }
      this.#unsent.shift();
    }
  }

  #receive(bytes: Uint8Array): void {
    if (!this.#isReading || !this.answers) return;
    for (const { command, payload } of this.#cutter.push(bytes)) {
      const message = decodeMessage(command, payload);
      if (message !== undefined) this.#take(message);
    }
  }

  #take(message: Message): void {
    switch (message.command) {
      case "version":
        this.send({ command: "wtxidrelay" });
        this.send({ command: "verack" });
        return;
      case "verack":
        this.isReady = true;
        this.#ready.resolve();
        return;
      case "ping":
        this.send({ command: "pong", nonce: message.nonce });
        return;
      case "pong": {
        const sentAt = this.pingsSent.get(message.nonce);
        this.pingsSent.delete(message.nonce);
        if (sentAt !== undefined) this.roundTripsMs.push(performance.now() - sentAt);
        return;
      }
      case "getdata":
        for (const { hash } of message.entries) {
          const tx = this.#offers.get(hash);
          if (tx !== undefined) this.send({ command: "tx", transaction: tx });
        }
        break;
      default:
    }
    this.onMessage(message);
  }

  #end(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#ready.reject(new Error("closed before the handshake was done"));
  }
}

/** What a light client says first. */
export function versionMessage(): Message {
  return {
    command: "version",
    protocolVersion: PROTOCOL_VERSION,
    services: 0n,
    time: Math.floor(Date.now() / 1000),
    receiver: UNSPECIFIED,
    sender: UNSPECIFIED,
    nonce: BigInt(Date.now()) * 1_000_003n + nonceCount++,
    userAgent: "/light:1/",
    startHeight: 0,
    relay: true,
  };
}
