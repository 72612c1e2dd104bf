/**
 * The clients of the push API: how many there may be, what each may ask for, and the log they read.
 *
 * Knows no node: events come by `publish`. Nothing that a client sends ends anything but its own
 * connection.
 */

import type { Clock } from "../lib/clock.ts";
import { JsonError, type JsonObject, type JsonValue, parseJson } from "../lib/json.ts";
import type { Logger } from "../lib/logger.ts";
import { TokenBucket } from "../lib/token-bucket.ts";
import { WatchedAddresses } from "./live-addresses.ts";
import { CLOSE_CODE, LiveClient, type LiveSocket } from "./live-client.ts";
import { LiveLog, type LiveLogBounds } from "./live-log.ts";
import {
  ADDRESS_TOPIC_PREFIX,
  LIVE_TOPICS,
  type LiveData,
  MAX_LIVE_TOPICS,
  PingRequest,
  SubscribeRequest,
  UnsubscribeRequest,
} from "./live-schemas.ts";
import { ApiError, INTERNAL_PROBLEM, type Problem, problemOf } from "./problem.ts";
import { checkShape } from "./request-input.ts";

/** Clients at once, and of one address if it is another machine's that has no token. */
export const MAX_LIVE_CLIENTS = 100;
export const MAX_LIVE_CLIENTS_PER_ADDRESS = 10;

/** Bytes of one message of a client. */
export const MAX_LIVE_MESSAGE_BYTES = 16 * 1024;

/** Messages of one client. */
export const LIVE_MESSAGE_RATE = { perSecond: 20, burst: 20 } as const;

/** Milliseconds between two questions whether a client is there. */
export const LIVE_PING_MS = 30_000;

/**
 * Milliseconds in which events are gathered before they are sent: under load, a packet has several,
 * and no client costs more than a hundred writes a second.
 */
const FLUSH_MS = 10;

const TICK_MS = 1_000;

/** What a hub needs of the others. */
export interface LiveHubNeeds {
  readonly clock: Clock;
  readonly log: Logger;
  /** Of this run of the node. */
  readonly boot: string;
  /** Reads an address: how the node writes it, and its script as hex; AddressError if it is none. */
  readonly readAddress: (text: string) => { readonly address: string; readonly script: string };
  readonly bounds?: LiveLogBounds;
}

/** A place for one client, which must be used or given back. */
export interface LivePlace {
  readonly key: string;
  /** The client's connection, once there is one. */
  session: LiveSession | undefined;
}

/** One client and what is kept about it beside its place in the log. */
interface LiveSession {
  readonly client: LiveClient;
  readonly messages: TokenBucket;
  /** Scripts of the addresses that it watches, by topic. */
  readonly scripts: Map<string, string>;
}

/** A topic that was understood. */
interface WantedTopic {
  readonly topic: string;
  /** Of an address. */
  readonly script?: string;
  readonly address?: string;
}

export class LiveHub {
  readonly addresses = new WatchedAddresses();
  readonly #needs: LiveHubNeeds;
  readonly #log: LiveLog;
  readonly #places = new Set<LivePlace>();
  #cancelFlush: (() => void) | undefined;
  #cancelTick: () => void;
  #ticks = 0;
  #isStopped = false;

  constructor(needs: LiveHubNeeds) {
    this.#needs = needs;
    // Numbers of a later run are higher, so that a client's old one is known to be old.
    this.#log = new LiveLog(needs.clock.now() * 1_000, needs.bounds);
    this.#cancelTick = needs.clock.after(TICK_MS, () => this.#tick());
  }

  /** Clients that there are, or that are about to be. */
  get clientCount(): number {
    return this.#places.size;
  }

  /** Number of the newest event. */
  get lastSeq(): number {
    return this.#log.last;
  }

  /** Keeps a place for a client from `key`; ApiError if there is none left. */
  reserve(key: string, isTrusted: boolean): LivePlace {
    if (this.#isStopped || this.#places.size >= MAX_LIVE_CLIENTS) throw new ApiError(FULL);
    const others = [...this.#places].filter((place) => place.key === key).length;
    if (!isTrusted && others >= MAX_LIVE_CLIENTS_PER_ADDRESS) throw new ApiError(FULL_FOR_ADDRESS);
    const place = { key, session: undefined };
    this.#places.add(place);
    return place;
  }

  /** A client has come to `place`. */
  open(place: LivePlace, socket: LiveSocket): void {
    if (!this.#places.has(place)) {
      socket.close(CLOSE_CODE.goingAway, "the node stops");
      return;
    }
    place.session = {
      client: new LiveClient(socket, this.#log),
      messages: new TokenBucket(LIVE_MESSAGE_RATE, this.#needs.clock.monotonic()),
      scripts: new Map(),
    };
  }

  /** The client at `place` has gone, or never came. */
  leave(place: LivePlace): void {
    this.#places.delete(place);
    for (const script of place.session?.scripts.values() ?? []) this.addresses.unwatch(script);
    place.session = undefined;
  }

  /** Takes a message of the client at `place`. */
  receive({ session }: LivePlace, message: string | Uint8Array): void {
    if (session === undefined) return;
    const { client, messages } = session;
    client.heard();
    if (!messages.take(1, this.#needs.clock.monotonic())) {
      client.socket.close(CLOSE_CODE.tooManyMessages, "too many messages");
      return;
    }
    try {
      this.#answer(session, readMessage(message));
    } catch (error) {
      const { code, detail } = this.#problemOf(error);
      client.reply({ op: "error", code, detail });
    }
  }

  /** The client at `place` has taken all that waited for it. */
  drained({ session }: LivePlace): void {
    session?.client.drained(this.#needs.clock.monotonic());
  }

  /** The client at `place` has answered a ping. */
  heard({ session }: LivePlace): void {
    session?.client.heard();
  }

  /** True if any client wants `topic`. */
  isWanted(topic: string): boolean {
    for (const { session } of this.#places) {
      if (session?.client.topics.has(topic)) return true;
    }
    return false;
  }

  /** Tells all clients that want `topic`, and those who come back and have missed it. */
  publish<Name extends keyof LiveData>(topic: string, event: Name, data: LiveData[Name]): void {
    const time = this.#needs.clock.now();
    this.#log.append(topic, (seq) => JSON.stringify({ topic, seq, time, event, data }));
    this.#scheduleFlush();
  }

  /** Something happened that cannot be told: everybody must ask anew. */
  lose(): void {
    this.#log.lose();
    this.#scheduleFlush();
  }

  /** Takes leave of all clients, and takes no more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTick();
    this.#cancelFlush?.();
    const sessions = [...this.#places].flatMap(({ session }) => session ?? []);
    this.#places.clear();
    for (const { client } of sessions) client.socket.close(CLOSE_CODE.goingAway, "the node stops");
  }

  #scheduleFlush(): void {
    if (this.#isStopped) return;
    this.#cancelFlush ??= this.#needs.clock.after(FLUSH_MS, () => {
      this.#cancelFlush = undefined;
      const now = this.#needs.clock.monotonic();
      this.#forEach((client) => client.pump(now));
    });
  }

  #tick(): void {
    this.#ticks += 1;
    const now = this.#needs.clock.monotonic();
    const isProbing = this.#ticks % (LIVE_PING_MS / TICK_MS) === 0;
    this.#forEach((client) => {
      client.endIfStalled(now);
      if (isProbing) client.probe();
    });
    this.#cancelTick = this.#needs.clock.after(TICK_MS, () => this.#tick());
  }

  /** A copy: whoever is closed leaves at once. */
  #forEach(act: (client: LiveClient) => void): void {
    for (const { session } of [...this.#places]) if (session !== undefined) act(session.client);
  }

  #answer(session: LiveSession, message: JsonObject): void {
    switch (message.op) {
      case "subscribe":
        this.#subscribe(session, checkShape(SubscribeRequest, message, "message"));
        break;
      case "unsubscribe":
        this.#unsubscribe(session, checkShape(UnsubscribeRequest, message, "message"));
        break;
      case "ping":
        checkShape(PingRequest, message, "message");
        this.#pong(session);
        break;
      default:
        throw new ApiError(UNKNOWN_OP);
    }
  }

  #pong({ client }: LiveSession): void {
    client.reply({ op: "pong", seq: this.#log.last, time: this.#needs.clock.now() });
  }

  #subscribe(
    { client, scripts }: LiveSession,
    request: { topics: string[]; since?: number; boot?: string },
  ): void {
    const wanted = this.#newTopics(client, request.topics);
    const next = this.#log.last + 1;
    let reach = this.#log.first;
    for (const { topic, script, address } of wanted) {
      if (script === undefined || address === undefined) continue;
      scripts.set(topic, script);
      reach = Math.max(reach, this.addresses.watch(script, address, next));
    }

    const { since = this.#log.last, boot = this.#needs.boot } = request;
    const isOfThisRun = boot === this.#needs.boot && since <= this.#log.last;
    const from = isOfThisRun && since + 1 >= reach ? since + 1 : next;
    client.subscribe(
      wanted.map(({ topic }) => topic),
      from,
    );
    client.reply({
      op: "subscribed",
      topics: [...client.topics.keys()],
      seq: this.#log.last,
      boot: this.#needs.boot,
      limits: {
        topics: MAX_LIVE_TOPICS,
        messagesPerSecond: LIVE_MESSAGE_RATE.perSecond,
        messageBytes: MAX_LIVE_MESSAGE_BYTES,
      },
    });
    if (from !== since + 1) {
      client.sendGap(since + 1, this.#log.last, isOfThisRun ? "forgotten" : "restarted");
    }
    client.pump(this.#needs.clock.monotonic());
  }

  #unsubscribe({ client, scripts }: LiveSession, { topics }: { topics?: string[] }): void {
    const left = topics?.map((text) => this.#readTopic(text).topic) ?? [...client.topics.keys()];
    for (const topic of left) {
      client.topics.delete(topic);
      const script = scripts.get(topic);
      if (script === undefined) continue;
      scripts.delete(topic);
      this.addresses.unwatch(script);
    }
    client.reply({
      op: "unsubscribed",
      topics: [...client.topics.keys()],
      seq: this.#log.last,
    });
  }

  /** Understands all of `texts`, or throws; returns those that `client` has not. */
  #newTopics({ topics }: LiveClient, texts: readonly string[]): WantedTopic[] {
    const wanted = new Map<string, WantedTopic>();
    for (const text of texts) {
      const read = this.#readTopic(text);
      if (!topics.has(read.topic)) wanted.set(read.topic, read);
    }
    if (topics.size + wanted.size > MAX_LIVE_TOPICS) throw new ApiError(TOO_MANY_TOPICS);
    return [...wanted.values()];
  }

  #readTopic(text: string): WantedTopic {
    if ((LIVE_TOPICS as readonly string[]).includes(text)) return { topic: text };
    if (!text.startsWith(ADDRESS_TOPIC_PREFIX)) throw new ApiError(UNKNOWN_TOPIC);
    // One address has more than one spelling; the node's own is the topic.
    const read = this.#needs.readAddress(text.slice(ADDRESS_TOPIC_PREFIX.length));
    return { topic: ADDRESS_TOPIC_PREFIX + read.address, ...read };
  }

  #problemOf(error: unknown): Problem {
    if (error instanceof JsonError) {
      const detail = `The message is not strict JSON: ${error.message}.`;
      return { status: 400, code: error.code, detail };
    }
    const problem = problemOf(error);
    if (problem !== undefined) return problem;
    this.#needs.log.error("message failed", {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    return INTERNAL_PROBLEM;
  }
}

function readMessage(message: string | Uint8Array): JsonObject {
  if (typeof message !== "string") throw new ApiError(NOT_TEXT);
  const value = parseJson(message);
  if (!isObject(value)) throw new ApiError(NOT_AN_OBJECT);
  return value;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const FULL: Problem = {
  status: 503,
  code: "too-many-sockets",
  detail: `There are ${MAX_LIVE_CLIENTS} sockets already.`,
  facts: { most: MAX_LIVE_CLIENTS },
  headers: { "retry-after": "5" },
};

const FULL_FOR_ADDRESS: Problem = {
  status: 429,
  code: "too-many-sockets",
  detail: `There are ${MAX_LIVE_CLIENTS_PER_ADDRESS} sockets from your address already.`,
  facts: { most: MAX_LIVE_CLIENTS_PER_ADDRESS },
  headers: { "retry-after": "5" },
};

const NOT_TEXT: Problem = {
  status: 400,
  code: "not-text",
  detail: "A message here is JSON in a text frame.",
};

const NOT_AN_OBJECT: Problem = {
  status: 422,
  code: "bad-request-shape",
  detail: "A message here is an object with an op.",
};

const UNKNOWN_OP: Problem = {
  status: 422,
  code: "unknown-op",
  detail: "An op is subscribe, unsubscribe or ping.",
};

const UNKNOWN_TOPIC: Problem = {
  status: 422,
  code: "unknown-topic",
  detail: `A topic is ${LIVE_TOPICS.join(", ")}, or ${ADDRESS_TOPIC_PREFIX} and an address.`,
};

const TOO_MANY_TOPICS: Problem = {
  status: 422,
  code: "too-many-topics",
  detail: `A client may want ${MAX_LIVE_TOPICS} topics.`,
};
