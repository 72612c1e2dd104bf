/**
 * Leave to spend from a wallet: for a client, a while and an amount, after its password was given.
 *
 * There is no state "unlocked" (threat A-02): whoever spends shows the token that the one who gave
 * the password got, on behalf of the client that it was given to. Knows neither files nor keys; what
 * is done with a secret is the caller's business.
 */

import { timingSafeEqual } from "node:crypto";
import { sha256 } from "../crypto/hash.ts";
import { toHex } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import type { WalletSecret } from "./wallet-secret.ts";

/** Sessions at the same time. */
export const MAX_SESSIONS = 64;

/** Longest life of a session, and its life if none is given, in seconds. */
export const MAX_SESSION_SECONDS = 300;

const TOKEN_BYTES = 32;

/** Why a session was not opened or used. "locked" tells nothing of the reason. */
export type UnlockErrorCode = "locked" | "limit-exceeded" | "too-many";

const MESSAGES: Readonly<Record<UnlockErrorCode, string>> = {
  locked: "the wallet is locked; give its password",
  "limit-exceeded": "more than what is left of the amount that was unlocked",
  "too-many": "too many wallets are unlocked; lock one, or wait",
};

/** What a client must be told: `code` says which, `message` in words. */
export class UnlockError extends Error {
  override readonly name = "UnlockError";
  readonly code: UnlockErrorCode;

  constructor(code: UnlockErrorCode) {
    super(MESSAGES[code]);
    this.code = code;
  }
}

/** What a client asks for. */
export interface UnlockTerms {
  /** Whole seconds, 1 to 300; 300 if not given. */
  readonly seconds?: number;
  /** Sats that may be spent in all. */
  readonly limit: number;
  /** Who the client is, in a form that no other can take. */
  readonly boundTo: string;
}

/** What a client gets. */
export interface Unlocked {
  /** 32 random bytes as hex: the only copy. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly limit: number;
}

export interface UnlockSessionsOptions {
  readonly clock: Clock;
  /** Unpredictable bytes, for tokens. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Returns the secret of a wallet, or throws: `Keystore.open`. The session wipes it. */
  readonly open: (name: string, password: string) => Promise<WalletSecret>;
}

interface Session {
  readonly walletName: string;
  /** Of token, wallet and client together: one comparison, and one answer for whatever differs. */
  readonly proof: Uint8Array;
  /** Sats that may still be spent. */
  remaining: number;
  /** Undefined as long as the password is being tried. */
  opened: Opened | undefined;
}

interface Opened {
  readonly secret: WalletSecret;
  /** By the wall clock, which alone goes on while the machine sleeps. */
  readonly expiresAt: number;
  /** By the clock that nobody can set back. Whichever comes first ends the session. */
  readonly endsAt: number;
  readonly cancelTimer: () => void;
}

/** The sessions of one node. */
export class UnlockSessions {
  readonly #options: UnlockSessionsOptions;
  readonly #sessions = new Set<Session>();

  constructor(options: UnlockSessionsOptions) {
    this.#options = options;
  }

  /**
   * Opens a session, if `password` opens the wallet.
   *
   * Throws what `open` throws, UnlockError "too-many", "locked" if the wallet was locked meanwhile,
   * and RangeError on terms out of bounds.
   */
  async unlock(walletName: string, password: string, terms: UnlockTerms): Promise<Unlocked> {
    const { seconds = MAX_SESSION_SECONDS, limit, boundTo } = terms;
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_SESSION_SECONDS) {
      throw new RangeError(`seconds must be 1 to ${MAX_SESSION_SECONDS}`);
    }
    checkAmount(limit);
    if (this.#sessions.size >= MAX_SESSIONS) throw new UnlockError("too-many");

    const token = toHex(this.#options.randomBytes(TOKEN_BYTES));
    const proof = proofOf(token, walletName, boundTo);
    // It has its place from now on, so that locking ends what is about to be unlocked too.
    const session: Session = { walletName, proof, remaining: limit, opened: undefined };
    this.#sessions.add(session);
    let secret: WalletSecret;
    try {
      secret = await this.#options.open(walletName, password);
    } catch (error) {
      this.#sessions.delete(session);
      throw error;
    }
    if (!this.#sessions.has(session)) {
      secret.wipe();
      throw new UnlockError("locked");
    }

    const { clock } = this.#options;
    const lifeMs = seconds * 1000;
    const expiresAt = clock.now() + lifeMs;
    const endsAt = clock.monotonic() + lifeMs;
    const cancelTimer = clock.after(lifeMs, () => this.#end(session));
    session.opened = { secret, expiresAt, endsAt, cancelTimer };
    return { token, expiresAt, limit };
  }

  /**
   * Returns what `work` returns, given the wallet's secret, and takes `amount` off the session's
   * limit unless it throws. `work` must be done when it returns, and neither keeps nor wipes the
   * secret.
   *
   * Throws UnlockError: "locked" unless `token` was given to `boundTo` for this wallet and still
   * lives; "limit-exceeded" if less than `amount` is left.
   */
  use<T>(
    token: string,
    walletName: string,
    boundTo: string,
    amount: number,
    work: (secret: WalletSecret) => T,
  ): T {
    checkAmount(amount);
    const session = this.#find(proofOf(token, walletName, boundTo));
    const secret = session && this.#secretOf(session);
    if (session === undefined || secret === undefined) throw new UnlockError("locked");
    if (amount > session.remaining) throw new UnlockError("limit-exceeded");

    // Taken before and given back, so that work which comes here again finds less.
    session.remaining -= amount;
    try {
      return work(secret);
    } catch (error) {
      session.remaining += amount;
      throw error;
    }
  }

  /** Ends every session of a wallet, those about to begin included. */
  lock(walletName: string): void {
    for (const session of this.#sessions) {
      if (session.walletName === walletName) this.#end(session);
    }
  }

  /** Ends every session. */
  lockAll(): void {
    for (const session of this.#sessions) this.#end(session);
  }

  #end(session: Session): void {
    this.#sessions.delete(session);
    session.opened?.cancelTimer();
    session.opened?.secret.wipe();
  }

  /** Compares with all of them, so that time tells nothing. */
  #find(proof: Uint8Array): Session | undefined {
    let found: Session | undefined;
    for (const session of this.#sessions) {
      if (timingSafeEqual(session.proof, proof)) found = session;
    }
    return found;
  }

  #secretOf(session: Session): WalletSecret | undefined {
    const { clock } = this.#options;
    const { opened } = session;
    if (opened === undefined) return undefined;
    if (clock.now() < opened.expiresAt && clock.monotonic() < opened.endsAt) return opened.secret;
    this.#end(session);
    return undefined;
  }
}

function proofOf(token: string, walletName: string, boundTo: string): Uint8Array {
  return sha256(new TextEncoder().encode(JSON.stringify([token, walletName, boundTo])));
}

function checkAmount(sats: number): void {
  if (!Number.isSafeInteger(sats) || sats < 0) throw new RangeError("not an amount");
}
