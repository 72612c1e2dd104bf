/**
 * Who may spend, how long and how much: on a clock that the test turns, with secrets made here.
 */

import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import {
  MAX_SESSION_SECONDS,
  MAX_SESSIONS,
  UnlockError,
  UnlockSessions,
} from "../../../src/wallet/unlock-sessions.ts";
import { WalletSecret } from "../../../src/wallet/wallet-secret.ts";
import { HandClock } from "../../support/hand-clock.ts";

const A = { limit: 1000, boundTo: "client A" };

/** Sessions over wallets that all have the password "right"; `secrets` are those given out. */
function makeSessions(clock = new HandClock()) {
  const secrets: WalletSecret[] = [];
  const sessions = new UnlockSessions({
    clock,
    randomBytes: (length) => Uint8Array.from(randomBytes(length)),
    open: async (_, password) => {
      if (password !== "right") throw new Error("wrong");
      const secret = new WalletSecret(new Uint8Array(16).fill(7));
      secrets.push(secret);
      return secret;
    },
  });
  return { clock, sessions, secrets };
}

function codeOf(act: () => unknown): unknown {
  try {
    act();
    return "done";
  } catch (error) {
    return error instanceof UnlockError ? error.code : error;
  }
}

const isWiped = (secret: WalletSecret) => codeOf(() => secret.entropy) !== "done";
const spend = () => "spent";

describe("unlock", () => {
  test("gives a token, which opens the wallet for a while", async () => {
    const { clock, sessions } = makeSessions();
    const { token, ...rest } = await sessions.unlock("w", "right", A);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(rest).toEqual({ expiresAt: clock.now() + MAX_SESSION_SECONDS * 1000, limit: 1000 });
    expect(sessions.use(token, "w", "client A", 1, ({ entropy }) => entropy[0])).toBe(7);
  });

  test("K-07: a wrong password gives nothing, and takes no place", async () => {
    const { sessions } = makeSessions();
    for (let index = 0; index <= MAX_SESSIONS; index++) {
      await expect(sessions.unlock("w", "wrong", A)).rejects.toThrow("wrong");
    }
    expect((await sessions.unlock("w", "right", A)).limit).toBe(1000);
  });

  test("refuses terms out of bounds before it looks at the password", async () => {
    const { sessions, secrets } = makeSessions();
    for (const seconds of [0, -1, 1.5, MAX_SESSION_SECONDS + 1, Number.NaN]) {
      await expect(sessions.unlock("w", "right", { ...A, seconds })).rejects.toThrow(RangeError);
    }
    for (const limit of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      await expect(sessions.unlock("w", "right", { ...A, limit })).rejects.toThrow(RangeError);
    }
    expect(secrets).toEqual([]);
  });

  test("there are at most so many sessions, those about to begin included", async () => {
    const { clock, sessions, secrets } = makeSessions();
    const all = Array.from({ length: MAX_SESSIONS + 1 }, () => sessions.unlock("w", "right", A));
    const results = await Promise.allSettled(all);
    const codes = results.map((it) => (it.status === "fulfilled" ? "open" : it.reason.code));
    expect(codes).toEqual([...Array(MAX_SESSIONS).fill("open"), "too-many"]);
    expect(secrets).toHaveLength(MAX_SESSIONS);
    clock.pass(MAX_SESSION_SECONDS * 1000);
    expect((await sessions.unlock("w", "right", A)).limit).toBe(1000);
  });

  test("a wallet that is locked while its password is tried stays locked", async () => {
    for (const lock of ["lock", "lockAll"] as const) {
      const { sessions, secrets } = makeSessions();
      const promise = sessions.unlock("w", "right", A);
      sessions[lock]("w");
      expect(await promise.catch(({ code }) => code)).toBe("locked");
      expect(secrets.map(isWiped)).toEqual([true]);
    }
  });
});

describe("use", () => {
  test("A-02: nobody but the client with its token can spend, nor from another wallet", async () => {
    const { sessions } = makeSessions();
    const { token } = await sessions.unlock("w", "right", A);
    const other = await sessions.unlock("w", "right", { limit: 5, boundTo: "client B" });
    const messages = new Set<string>();
    for (const [shown, wallet, client] of [
      [token, "w", "client B"],
      [other.token, "w", "client A"],
      [token, "v", "client A"],
      [token.toUpperCase(), "w", "client A"],
      [token.slice(1), "w", "client A"],
      [`${token}0`, "w", "client A"],
      ["", "w", "client A"],
      ["0".repeat(64), "w", "client A"],
      [`${token}","w`, "", "client A"],
      ["x".repeat(100_000), "w", "client A"],
    ] as const) {
      try {
        sessions.use(shown, wallet, client, 0, spend);
        expect.unreachable();
      } catch (error) {
        expect((error as UnlockError).code).toBe("locked");
        messages.add((error as UnlockError).message);
      }
    }
    expect(messages.size).toBe(1);
    expect(sessions.use(token, "w", "client A", 1000, spend)).toBe("spent");
    // A's spending took nothing from B.
    expect(sessions.use(other.token, "w", "client B", 5, spend)).toBe("spent");
  });

  test("spends up to the limit, and not a sat more", async () => {
    const { sessions } = makeSessions();
    const { token } = await sessions.unlock("w", "right", A);
    const use = (amount: number) =>
      codeOf(() => sessions.use(token, "w", A.boundTo, amount, spend));
    expect(use(1001)).toBe("limit-exceeded");
    expect(use(999)).toBe("done");
    expect(use(2)).toBe("limit-exceeded");
    expect(use(1)).toBe("done");
    expect(use(1)).toBe("limit-exceeded");
    expect(use(0)).toBe("done");
    for (const amount of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(use(amount)).toBeInstanceOf(RangeError);
    }
    expect(use(0)).toBe("done");
  });

  test("work that fails takes nothing off the limit", async () => {
    const { sessions } = makeSessions();
    const { token } = await sessions.unlock("w", "right", A);
    const failure = new Error("no coins");
    const fail = () => {
      throw failure;
    };
    expect(codeOf(() => sessions.use(token, "w", A.boundTo, 1000, fail))).toBe(failure);
    expect(sessions.use(token, "w", A.boundTo, 1000, spend)).toBe("spent");
  });

  test("J-19: work that spends again finds what it takes taken", async () => {
    const { sessions } = makeSessions();
    const { token } = await sessions.unlock("w", "right", A);
    const again = () => sessions.use(token, "w", A.boundTo, 1, spend);
    expect(codeOf(() => sessions.use(token, "w", A.boundTo, 1000, again))).toBe("limit-exceeded");
    expect(sessions.use(token, "w", A.boundTo, 999, again)).toBe("spent");
  });

  test("ends when its time is over, and its secret is wiped by itself", async () => {
    const { clock, sessions, secrets } = makeSessions();
    const { token } = await sessions.unlock("w", "right", { ...A, seconds: 10 });
    clock.pass(9_999);
    expect(sessions.use(token, "w", A.boundTo, 0, spend)).toBe("spent");
    expect(secrets.map(isWiped)).toEqual([false]);
    clock.pass(1);
    expect(secrets.map(isWiped)).toEqual([true]);
    expect(codeOf(() => sessions.use(token, "w", A.boundTo, 0, spend))).toBe("locked");
  });

  test("D-13: ends by whichever clock is first, though no timer ran", async () => {
    for (const shifted of ["now", "monotonic"] as const) {
      const { clock, sessions, secrets } = makeSessions();
      const { token } = await sessions.unlock("w", "right", { ...A, seconds: 10 });
      // A machine that slept, or a clock that was set back; timers know nothing of either.
      const start = clock.now();
      clock[shifted] = () => start + 10_000;
      clock[shifted === "now" ? "monotonic" : "now"] = () => start - 3_600_000;
      expect(codeOf(() => sessions.use(token, "w", A.boundTo, 0, spend))).toBe("locked");
      expect(secrets.map(isWiped)).toEqual([true]);
    }
  });
});

describe("lock", () => {
  test("ends the sessions of one wallet, and wipes their secrets", async () => {
    const { sessions, secrets } = makeSessions();
    const first = await sessions.unlock("w", "right", A);
    const second = await sessions.unlock("w", "right", A);
    const other = await sessions.unlock("v", "right", A);
    sessions.lock("w");
    expect(secrets.map(isWiped)).toEqual([true, true, false]);
    for (const { token } of [first, second]) {
      expect(codeOf(() => sessions.use(token, "w", A.boundTo, 0, spend))).toBe("locked");
    }
    expect(sessions.use(other.token, "v", A.boundTo, 0, spend)).toBe("spent");
    sessions.lock("unknown");
  });
});

describe("lockAll", () => {
  test("ends every session, and leaves no timer", async () => {
    const { clock, sessions, secrets } = makeSessions();
    const { token } = await sessions.unlock("w", "right", A);
    await sessions.unlock("v", "right", A);
    sessions.lockAll();
    expect(secrets.map(isWiped)).toEqual([true, true]);
    expect(codeOf(() => sessions.use(token, "w", A.boundTo, 0, spend))).toBe("locked");
    clock.pass(MAX_SESSION_SECONDS * 1000);
  });

  test("K-08: neither sessions nor what is thrown show a secret or a token", async () => {
    const { sessions } = makeSessions();
    const { token } = await sessions.unlock("w", "right", A);
    let thrown: unknown;
    try {
      sessions.use(`${token}0`, "w", A.boundTo, 0, spend);
    } catch (error) {
      thrown = error;
    }
    for (const thing of [sessions, thrown]) {
      const shown = `${Bun.inspect(thing, { depth: 9 })}${JSON.stringify(thing)}`;
      expect(shown).not.toContain(token.slice(0, 8));
      expect(shown).not.toMatch(/entropy|0707|7, 7/);
    }
  });
});
