/**
 * Clients of the push API: a real WebSocket that keeps what it was told, and a bare connection that
 * asks for one by hand and may never read.
 */

import { connect as netConnect } from "node:net";
import { until } from "./until.ts";

/** One message of the node, parsed. */
export type Told = any;

export class LiveListener implements AsyncDisposable {
  readonly #socket: WebSocket;
  /** All that was told, in order. */
  readonly told: Told[] = [];
  /** Code of the close, once it is closed. */
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.told.push(JSON.parse(String(data)));
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    });
  }

  /** Connects to the API at `port`, and subscribes to `topics` if there are any. */
  static async connect(port: number, ...topics: string[]): Promise<LiveListener> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    const listener = new LiveListener(socket);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error("no socket"));
    });
    if (topics.length > 0) await listener.ask({ op: "subscribe", topics });
    return listener;
  }

  get events(): Told[] {
    return this.told.filter(({ op }) => op === undefined);
  }

  /** Events of that name. */
  named(event: string): Told[] {
    return this.events.filter((message) => message.event === event);
  }

  /** Messages that are no events: answers and gaps. */
  get answers(): Told[] {
    return this.told.filter(({ op }) => op !== undefined);
  }

  say(text: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(text);
  }

  /** Says it, and returns the answer. */
  async ask(request: unknown): Promise<Told> {
    return await this.askText(JSON.stringify(request));
  }

  async askText(text: string | Uint8Array<ArrayBuffer>): Promise<Told> {
    const before = this.answers.length;
    this.say(text);
    return await until("an answer", () => this.answers[before], 10_000);
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A connection that asks for a socket by hand. */
export interface RawSocket extends Disposable {
  /** The first line of the answer. */
  readonly status: string;
  /** Sends a text frame. */
  send(text: string): void;
}

/** Asks for a socket at `port` with these headers on top of the usual ones; reads no further. */
export async function askForSocket(
  port: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawSocket> {
  const connection = netConnect(port, "127.0.0.1");
  connection.on("error", () => {});
  const all = {
    host: `127.0.0.1:${port}`,
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  connection.write(`GET /ws HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  const first = await new Promise<Buffer>((resolve) => connection.once("data", resolve));
  connection.pause();
  return {
    status: first.toString("latin1").split("\r\n")[0] ?? "",
    send: (text) => connection.write(frame(text)),
    [Symbol.dispose]: () => connection.destroy(),
  };
}

/** A text frame as a client must send it, under a mask of zeros (RFC 6455). */
function frame(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const length =
    payload.length < 126
      ? [0x80 | payload.length]
      : [0x80 | 126, payload.length >> 8, payload.length & 0xff];
  return Uint8Array.of(0x81, ...length, 0, 0, 0, 0, ...payload);
}
