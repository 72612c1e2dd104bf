/**
 * Wallets that are unlocked for a while: what may be sent in the place of their password.
 *
 * In this module's memory alone, and gone with the page: never in the browser's storage, in an address
 * or in what is drawn.
 */

import { problemFrom } from "./api-client.ts";
import { nodeTime } from "./dashboard-store.ts";
import { useEffect, useState } from "./html.ts";

/** As the node gave it. */
export interface WalletSession {
  readonly session: string;
  /** Milliseconds since 1970, by the node's clock. */
  readonly expiresAt: number;
  /** Sats that it could spend at first, fees included. */
  readonly limit: number;
}

/** Leave to use a wallet's keys, as a request's body has it; a wallet without a password needs none. */
export type Authority = { readonly password: string } | { readonly session: string } | object;

/** Codes of a session that is over, or has spent what it may. */
const ENDED: ReadonlySet<string> = new Set(["wallet-locked", "unlock-limit-exceeded"]);

const sessions = new Map<string, WalletSession>();
const listeners = new Set<() => void>();

/** Keeps the session of the wallet `name`. */
export function keepSession(name: string, session: WalletSession): void {
  sessions.set(name, session);
  tell();
}

/** Forgets the session of the wallet `name`, if there is one. */
export function forgetSession(name: string): void {
  if (sessions.delete(name)) tell();
}

/** Returns the session of the wallet `name` that has not ended; undefined if there is none. */
export function findSession(name: string): WalletSession | undefined {
  const session = sessions.get(name);
  return session !== undefined && session.expiresAt > nodeTime() ? session : undefined;
}

/** Returns the same, and draws the component again when one begins or is given up. */
export function useSession(name: string): WalletSession | undefined {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((count) => count + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return findSession(name);
}

/**
 * Has `act` use the wallet's keys: by its session if there is one, else by the password if there is
 * one. A session that the node no longer takes is forgotten, so that the password is asked for.
 */
export async function signAs<Answer>(
  { name, password }: { readonly name: string; readonly password: string },
  act: (authority: Authority) => Promise<Answer>,
): Promise<Answer> {
  const session = findSession(name);
  if (session === undefined) return await act(password === "" ? {} : { password });
  try {
    return await act({ session: session.session });
  } catch (error) {
    if (ENDED.has(problemFrom(error).code)) forgetSession(name);
    throw error;
  }
}

function tell(): void {
  for (const listener of listeners) listener();
}
