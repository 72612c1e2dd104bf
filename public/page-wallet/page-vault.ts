/**
 * The one vault of this page, in this browser: where its record is kept, its clock and its chance, and
 * the hooks by which components follow it and what it has.
 *
 * What is done with keys is in vault.ts, what is asked of the node in scan.ts.
 */

import { ApiProblem, get, problemFrom } from "../api-client.ts";
import { useDashboard } from "../dashboard-store.ts";
import { useEffect, useRef, useState } from "../html.ts";
import { createRefresher, type Refresher } from "../refresher.ts";
import { deriveScryptKey, findNetwork, type KeyAccount } from "../wallet-engine.ts";
import { type Ask, type WalletPicture, WalletScan } from "./scan.ts";
import { Vault, type VaultState } from "./vault.ts";

/** Where the encrypted record is kept. */
const RECORD_KEY = "cairn-page-wallet";

/** What counts as use of the wallet. */
const USES = ["pointerdown", "keydown", "visibilitychange"];

/** Milliseconds from one look at the node to the next at least. */
const LOOK_INTERVAL_MS = 2_000;

/** Times that a question is asked again of a node that wants to be asked less, and after how long. */
const MAX_RETRIES = 10;
const RETRY_MS = 1_000;

/** True where the browser encrypts: on this machine, or over HTTPS. */
export const CAN_ENCRYPT = globalThis.isSecureContext;

const listeners = new Set<() => void>();

/** The keys of this page. */
export const pageVault = new Vault({
  store: {
    read: () => localStorage.getItem(RECORD_KEY),
    write: (text) => localStorage.setItem(RECORD_KEY, text),
    remove: () => localStorage.removeItem(RECORD_KEY),
  },
  canEncrypt: CAN_ENCRYPT,
  deriveKey: deriveScryptKey,
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  now: Date.now,
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  onChange: () => {
    for (const listener of listeners) listener();
  },
});

for (const use of USES) document.addEventListener(use, () => pageVault.noteUse());

/** Returns the vault's state, and draws the component again when it changes, in another tab too. */
export function useVaultState(): VaultState {
  const [state, setState] = useState(() => pageVault.state);
  useEffect(() => {
    const listener = () => setState(pageVault.state);
    listeners.add(listener);
    window.addEventListener("storage", listener);
    return () => {
      listeners.delete(listener);
      window.removeEventListener("storage", listener);
    };
  }, []);
  return state;
}

/** Returns what the node says of `account`, kept up to date, and what went wrong last. */
export function useWalletPicture(
  account: KeyAccount,
  network: string,
): {
  readonly picture: WalletPicture | undefined;
  readonly problem: ApiProblem | undefined;
  readonly reload: () => void;
} {
  const { versions, connection } = useDashboard();
  const [seen, setSeen] = useState<{ picture?: WalletPicture; problem?: ApiProblem }>({});
  const refresher = useRef<Refresher | undefined>(undefined);
  const reload = () => refresher.current?.request();
  useEffect(() => {
    const scan = new WalletScan(account, findNetwork(network).addressPrefixes);
    const current = createRefresher(async (signal) => {
      try {
        const picture = await scan.look((path) => askPatiently(path, signal));
        if (!signal.aborted) setSeen({ picture });
      } catch (error) {
        if (!signal.aborted) setSeen((last) => ({ ...last, problem: problemFrom(error) }));
      }
    }, LOOK_INTERVAL_MS);
    refresher.current = current;
    return () => current.stop();
  }, [account, network]);
  const isThere = connection !== "reconnecting";
  useEffect(reload, [account, network, isThere, versions.chain + versions.mempool]);
  return { picture: seen.picture, problem: seen.problem, reload };
}

/** Asks the node, again after a while if it wants to be asked less. */
export const ask: Ask = (path) => askPatiently(path);

async function askPatiently<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  for (let retries = 0; ; retries++) {
    try {
      return await get<Answer>(path, signal);
    } catch (error) {
      const isTooMuch = error instanceof ApiProblem && error.status === 429;
      if (!isTooMuch || retries === MAX_RETRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** A whole number below `limit`, each as likely as any other. */
export function randomBelow(limit: number): number {
  // The last, incomplete run of `limit` values would make the small ones likelier.
  const end = 2 ** 32 - (2 ** 32 % limit);
  for (;;) {
    const drawn = crypto.getRandomValues(new Uint32Array(1))[0] ?? end;
    if (drawn < end) return drawn % limit;
  }
}
