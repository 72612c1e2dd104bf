/**
 * What happens at the node, as it happens: subscribes at /ws, and comes back by itself when the line
 * breaks. Wherever events may have been missed, it has everything fetched again; while there is no
 * line, every two seconds.
 *
 * Knows the messages of the subscription and nothing of what the events mean; that is store.ts.
 * Sockets, timers and chance are handed in, so that every break can be tested.
 */

/** How the page hears of the node. */
export type Connection =
  /** Nothing was heard yet. */
  | "connecting"
  /** By events. */
  | "live"
  /** By asking every two seconds: the node answers, but sends no events. */
  | "polling"
  /** Not at all; tried again and again. */
  | "reconnecting";

/** One thing that happened. */
export interface LiveEvent {
  readonly topic: string;
  /** Rises by one with every event of the node. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly event: string;
  /** As the API describes it for `event`; what is unknown is to be passed over. */
  readonly data: unknown;
}

/** The part of a WebSocket that is used. */
export interface FeedSocket {
  send(text: string): void;
  close(): void;
}

/** What a socket tells. */
export interface FeedSocketEvents {
  onOpen(): void;
  onMessage(text: string): void;
  /** Once, also if it never opened. */
  onClose(): void;
}

/** What a feed needs of the world. */
export interface FeedNeeds {
  readonly topics: readonly string[];
  openSocket(events: FeedSocketEvents): FeedSocket;
  /** Calls `act` after `ms`; what it returns takes that back. */
  after(ms: number, act: () => void): () => void;
  /** From 0 to 1. */
  random(): number;
  /** Asks for the state; true if the node answered. */
  poll(): Promise<boolean>;
  /** Events may have been missed: all that is shown has to be fetched again. */
  onMissed(): void;
  onEvent(event: LiveEvent): void;
  onConnection(connection: Connection): void;
}

/** Milliseconds between two questions while there is no line. */
export const POLL_MS = 2_000;

/** Milliseconds before the first new attempt to open a line; doubled up to the last. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Milliseconds of silence after which a line is asked about: a pulled cable closes no socket. */
const SILENCE_MS = 15_000;

export class LiveFeed {
  readonly #needs: FeedNeeds;
  #socket: FeedSocket | undefined;
  #connection: Connection = "connecting";
  #isStopped = false;
  #retryMs = FIRST_RETRY_MS;
  /** Of the last event, and which start of the node it counts from. */
  #seq: number | undefined;
  #boot: string | undefined;
  #cancelRetry = () => {};
  #cancelPoll = () => {};
  #cancelSilence = () => {};

  constructor(needs: FeedNeeds) {
    this.#needs = needs;
  }

  /** Asks for the state and opens a line; called once. */
  start(): void {
    void this.#poll();
    this.#open();
  }

  /** Closes the line, and asks nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry();
    this.#cancelPoll();
    this.#cancelSilence();
    this.#socket?.close();
  }

  #open(): void {
    if (this.#isStopped) return;
    this.#cancelRetry();
    const socket = this.#needs.openSocket({
      onOpen: () => this.#subscribe(socket),
      onMessage: (text) => this.#receive(text),
      onClose: () => {
        if (this.#socket === socket) this.#lose();
      },
    });
    this.#socket = socket;
  }

  #subscribe(socket: FeedSocket): void {
    const since = this.#seq === undefined ? {} : { since: this.#seq, boot: this.#boot };
    socket.send(JSON.stringify({ op: "subscribe", topics: this.#needs.topics, ...since }));
    this.#listenForSilence();
  }

  #receive(text: string): void {
    this.#listenForSilence();
    const message = readMessage(text);
    if (message === undefined) return;
    if (message.op === "subscribed") this.#welcome(message);
    else if (message.op === "gap") this.#needs.onMissed();
    else if (typeof message.event === "string") this.#deliver(message as unknown as LiveEvent);
  }

  #welcome({ seq, boot }: Record<string, unknown>): void {
    const isSameBoot = boot === this.#boot && this.#seq !== undefined;
    this.#boot = typeof boot === "string" ? boot : undefined;
    // Numbers of another start say nothing about this one.
    if (!isSameBoot) {
      this.#seq = typeof seq === "number" ? seq : undefined;
      this.#needs.onMissed();
    }
    this.#retryMs = FIRST_RETRY_MS;
    this.#cancelPoll();
    this.#setConnection("live");
  }

  #deliver(event: LiveEvent): void {
    // What was repeated after `since`, and had come before.
    if (this.#seq !== undefined && event.seq <= this.#seq) return;
    this.#seq = event.seq;
    this.#needs.onEvent(event);
  }

  #lose(): void {
    this.#socket = undefined;
    this.#cancelSilence();
    if (this.#isStopped) return;
    if (this.#connection === "live") void this.#poll();
    // Not all pages at the same moment, when a node comes back.
    const wait = this.#retryMs * (0.5 + this.#needs.random() / 2);
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
    this.#cancelRetry = this.#needs.after(wait, () => this.#open());
  }

  /** Asks for the state now and every few seconds, until there is a line. */
  async #poll(): Promise<void> {
    this.#cancelPoll();
    const isThere = await this.#needs.poll();
    if (this.#isStopped || (this.#connection === "live" && this.#socket !== undefined)) return;
    const isBack = isThere && this.#connection === "reconnecting";
    this.#setConnection(isThere ? "polling" : "reconnecting");
    this.#cancelPoll = this.#needs.after(POLL_MS, () => void this.#poll());
    if (!isBack || this.#socket !== undefined) return;
    this.#retryMs = FIRST_RETRY_MS;
    this.#open();
  }

  #listenForSilence(): void {
    this.#cancelSilence();
    this.#cancelSilence = this.#needs.after(SILENCE_MS, () => void this.#checkLine());
  }

  async #checkLine(): Promise<void> {
    const socket = this.#socket;
    const isThere = await this.#needs.poll();
    if (socket === undefined || socket !== this.#socket || this.#isStopped) return;
    if (isThere) {
      this.#listenForSilence();
    } else {
      socket.close();
      this.#lose();
    }
  }

  #setConnection(connection: Connection): void {
    if (connection === this.#connection) return;
    this.#connection = connection;
    this.#needs.onConnection(connection);
  }
}

function readMessage(text: string): Record<string, unknown> | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === "object" && message !== null
      ? (message as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
