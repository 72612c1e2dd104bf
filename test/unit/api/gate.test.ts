/**
 * The gate, with routes that only say they were reached: what is refused, in which order, and what
 * every answer carries. Clients and time are handed in.
 */

import { describe, expect, test } from "bun:test";
import { RATES } from "../../../src/api/access.ts";
import { Gate, type GatePolicy } from "../../../src/api/gate.ts";
import { inputOf } from "../../../src/api/request-input.ts";
import { KeystoreError } from "../../../src/wallet/keystore-error.ts";
import { HandClock } from "../../support/hand-clock.ts";

const TOKEN = "ab".repeat(32);
const HOST = "127.0.0.1:8080";
const LOCAL = "127.0.0.1";
const REMOTE = "192.168.7.7";

interface Reached {
  readonly url: string;
  readonly method: string;
}

function start(policy: Partial<GatePolicy> = {}, routes?: (request: Request) => Promise<Response>) {
  const clock = new HandClock();
  const reached: Reached[] = [];
  const left: string[] = [];
  const reserved: [string, boolean][] = [];
  const gate = new Gate(
    {
      apiHost: "127.0.0.1",
      port: 8080,
      isExposed: false,
      allowedHosts: [],
      corsOrigins: [],
      sharesWallets: false,
      maxBlockBytes: 1_000,
      ...policy,
    },
    {
      token: TOKEN,
      clock,
      metrics: { countAnswer: () => {} },
      routes:
        routes ??
        (async (request) => {
          reached.push({ url: request.url, method: request.method });
          return Response.json({ reached: true });
        }),
      sockets: {
        reserve: (key, isTrusted) => {
          reserved.push([key, isTrusted]);
          return { key, session: undefined };
        },
        leave: () => left.push("place"),
      },
    },
  );
  const ask = (path: string, init: RequestInit = {}, address = LOCAL) => {
    const headers = { host: HOST, ...(init.headers as Record<string, string>) };
    const request = new Request(`http://${HOST}${path}`, { ...init, headers });
    return gate.handle(request, caller(address)) as Promise<Response>;
  };
  return { clock, reached, left, reserved, ask, gate };
}

/** Somebody whose connection becomes a socket if `isWellAsked`. */
function caller(address: string, isWellAsked = true) {
  return { address, waitLong: () => {}, upgrade: () => isWellAsked };
}

const EXPOSED = { apiHost: "0.0.0.0", isExposed: true };
const JSON_TYPE = { "content-type": "application/json" };
const BEARER = { authorization: `Bearer ${TOKEN}` };

async function codeOf(response: Response | Promise<Response>): Promise<string> {
  return ((await (await response).json()) as { code?: string }).code ?? "reached";
}

describe("Gate", () => {
  test("hands routes a request of its own: known host, no body, HEAD as GET", async () => {
    const { ask, reached } = start();
    await ask("/api/status?x=1", { method: "HEAD", headers: { cookie: "a=b" } });
    expect(reached).toEqual([{ url: "http://cairn.internal/api/status", method: "GET" }]);
  });

  test("answers HEAD with the length of GET and no body", async () => {
    const { ask } = start();
    const response = await ask("/x", { method: "HEAD" });
    expect(response.headers.get("content-length")).toBe("16");
    expect(await response.text()).toBe("");
  });

  test("never lets anybody through when something of its own breaks (A-20)", async () => {
    const { ask } = start({}, () => Promise.reject(new TypeError("/home/someone/secret")));
    const response = await ask("/x");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
  });

  test.each(["TRACE", "CONNECT", "PROPFIND"])("refuses the method %s", async (method) => {
    const { gate, reached } = start();
    // Request itself refuses TRACE and CONNECT, as browsers must; a socket does not.
    const request = new Request(`http://${HOST}/`, { headers: { host: HOST } });
    Object.defineProperty(request, "method", { value: method });
    const response = (await gate.handle(request, caller(LOCAL))) as Response;
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toContain("GET");
    expect(reached).toEqual([]);
  });

  test.each(["/%", "/%zz", "/a%00b", "/a%0d%0aSet-Cookie:x", "/%ff", "//evil", "/%2fevil"])(
    "refuses the path %s",
    async (path) => {
      const { ask, reached } = start();
      expect(await codeOf(ask(path))).toBe("bad-path");
      expect(reached).toEqual([]);
    },
  );

  test("puts its headers on every answer, refusals included", async () => {
    const { ask } = start();
    for (const response of [await ask("/x"), await ask("/x", { headers: { host: "evil" } })]) {
      expect(response.headers.get("content-security-policy")).toContain("default-src 'self'");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("referrer-policy")).toBe("no-referrer");
      expect(response.headers.get("cross-origin-resource-policy")).toBe("same-origin");
      expect(response.headers.get("vary")).toContain("Origin");
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
      expect(response.headers.get("server")).toBeNull();
    }
  });

  test("lets a mining demand wait as long as it takes, and nothing else", async () => {
    const { gate } = start();
    const waited: string[] = [];
    for (const path of ["/api/mine", "/api/mining/start", "/api/transactions"]) {
      const request = new Request(`http://${HOST}${path}`, {
        method: "POST",
        headers: { host: HOST },
      });
      const patient = { ...caller(LOCAL), waitLong: () => waited.push(path) };
      await gate.handle(request, patient);
    }
    expect(waited).toEqual(["/api/mine"]);
  });
});

describe("bodies", () => {
  const post = (headers: Record<string, string>, body: BodyInit | null = "{}") => ({
    method: "POST",
    headers,
    body,
  });

  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "",
  ])("are refused as %p (J-11)", async (type) => {
    const { ask, reached } = start();
    const headers = { "content-type": type, "content-length": "2" };
    expect((await ask("/api/transactions", post(headers))).status).toBe(415);
    expect(reached).toEqual([]);
  });

  test("are refused when compressed", async () => {
    const { ask } = start();
    const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
    expect((await ask("/api/transactions", post(headers))).status).toBe(415);
  });

  test("are refused by their length alone", async () => {
    const { ask, reached } = start();
    const largest = async (path: string, length: number) => {
      const headers = { ...JSON_TYPE, "content-length": String(length) };
      return (await ask(path, post(headers, null))).status;
    };
    expect(await largest("/api/transactions", 256 * 1024 + 1)).toBe(413);
    expect(await largest("/api/transactions/batch", 1024 * 1024 + 1)).toBe(413);
    expect(await largest("/api/mining/submit", 2_000 + 64 * 1024 + 1)).toBe(413);
    expect(await largest("/unknown", 256 * 1024 + 1)).toBe(413);
    expect(reached).toEqual([]);
    expect(await largest("/api/transactions", 256 * 1024)).toBe(200);
    expect(await largest("/api/transactions/batch", 1024 * 1024)).toBe(200);
  });

  test("may be left out", async () => {
    const { ask } = start();
    expect((await ask("/api/mining/stop", { method: "POST" })).status).toBe(200);
  });
});

describe("rates", () => {
  const take = async (count: number, request: () => Promise<Response>) => {
    const statuses: number[] = [];
    for (let index = 0; index < count; index++) statuses.push((await request()).status);
    return statuses.filter((status) => status === 200).length;
  };

  test("are a burst of 200 reads, then 100 a second, for a stranger", async () => {
    const { ask, clock } = start(EXPOSED);
    const read = () => ask("/api/status", {}, REMOTE);
    expect(await take(250, read)).toBe(200);
    clock.pass(1_000);
    expect(await take(150, read)).toBe(100);
  });

  test("tell when to come again, and that is true", async () => {
    const { ask, clock } = start(EXPOSED);
    const read = () => ask("/api/status", {}, REMOTE);
    await take(200, read);
    const refused = await read();
    expect(refused.status).toBe(429);
    clock.pass(Number(refused.headers.get("retry-after")) * 1000);
    expect((await read()).status).toBe(200);
  });

  test("cannot be evaded by headers or by neighbours in one /64 (A-08)", async () => {
    const { ask } = start(EXPOSED);
    let count = 0;
    const read = () => {
      count += 1;
      const headers = {
        "x-forwarded-for": `10.0.0.${count % 250}`,
        forwarded: `for=10.1.1.${count}`,
      };
      return ask("/api/status", { headers }, `2001:db8::${count.toString(16)}`);
    };
    expect(await take(400, read)).toBe(200);
  });

  test("are generous to this machine and to the token's holders", async () => {
    const { ask } = start(EXPOSED);
    expect(await take(1_000, () => ask("/api/status"))).toBe(1_000);
    expect(await take(1_000, () => ask("/api/status", { headers: BEARER }, REMOTE))).toBe(1_000);
    const submit = () =>
      ask("/api/transactions", { method: "POST", headers: { ...JSON_TYPE, ...BEARER } }, REMOTE);
    expect(await take(1_000, submit)).toBe(1_000);
  });

  test("of writes, submissions and mining are apart from those of reads", async () => {
    const { ask } = start();
    const post = (path: string) => () => ask(path, { method: "POST" }, REMOTE);
    expect(await take(100, post("/api/mining/start"))).toBe(RATES.other.write.burst);
    expect(await take(100, post("/api/transactions"))).toBe(RATES.other.submit.burst);
    expect(await take(100, post("/api/mine"))).toBe(RATES.other.mine.burst);
    expect(await take(100, post("/api/peers"))).toBe(RATES.other.connect.burst);
    expect((await post("/api/peers/discover")()).status).toBe(429);
    expect((await ask("/api/status", {}, REMOTE)).status).toBe(200);
  });

  test("count what a batch held", async () => {
    const { ask, clock } = start({}, async (request) => {
      inputOf(request).charge(1_000);
      return Response.json({});
    });
    const batch = () => ask("/api/transactions/batch", { method: "POST" }, REMOTE);
    expect((await batch()).status).toBe(200);
    expect((await batch()).status).toBe(429);
    clock.pass(60_000);
    expect((await batch()).status).toBe(200);
  });
});

describe("the token", () => {
  const change = { method: "POST" };

  test("is needed to change anything where others can ask, whoever asks", async () => {
    const { ask, reached } = start(EXPOSED);
    for (const address of [LOCAL, REMOTE]) {
      expect(await codeOf(ask("/api/mine", change, address))).toBe("token-needed");
      expect(await codeOf(ask("/api/transactions", change, address))).toBe("token-needed");
      expect(await codeOf(ask("/anything", { method: "DELETE" }, address))).toBe("token-needed");
    }
    expect(reached).toEqual([]);
    expect(await codeOf(ask("/api/mine", { ...change, headers: BEARER }, REMOTE))).toBe("reached");
  });

  test("is not needed to read, nor to try a transaction", async () => {
    const { ask } = start(EXPOSED);
    expect(await codeOf(ask("/api/status", {}, REMOTE))).toBe("reached");
    expect(await codeOf(ask("/api/transactions/test", change, REMOTE))).toBe("reached");
  });

  test("is not needed on loopback", async () => {
    const { ask } = start();
    expect(await codeOf(ask("/api/mine", change))).toBe("reached");
  });

  test("may be wrong five times a minute, then nobody listens (A-10)", async () => {
    const { ask, clock } = start();
    const wrong = () =>
      ask("/api/status", { headers: { authorization: `Bearer ${"cd".repeat(32)}` } }, REMOTE);
    for (let attempt = 0; attempt < 5; attempt++) expect((await wrong()).status).toBe(401);
    const refused = await wrong();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await ask("/api/status", { headers: BEARER }, REMOTE)).status).toBe(200);
    clock.pass(60_000);
    expect((await wrong()).status).toBe(401);
  });

  test("wrong in any way gets the same answer", async () => {
    const { ask } = start();
    const bodies = new Set<string>();
    for (const authorization of ["Bearer x", "Basic abc", "Bearer", `Bearer ${TOKEN}0`]) {
      bodies.add(await (await ask("/x", { headers: { authorization } }, REMOTE)).text());
    }
    expect(bodies.size).toBe(1);
  });
});

describe("wallets", () => {
  const paths = ["/api/wallets", "/api/wallets/x/balance", "/api/contacts", "/api/contacts/x"];
  const foreign = { headers: { "sec-fetch-site": "cross-site", origin: "https://evil.example" } };

  test("are not even read by pages of other sites (A-01)", async () => {
    const { ask, reached } = start();
    for (const path of paths) {
      for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE"]) {
        expect((await ask(path, { method, ...foreign })).status).toBe(403);
      }
    }
    expect(reached).toEqual([]);
    expect(await codeOf(ask("/api/walletsx", foreign))).toBe("reached");
    expect(await codeOf(ask("/api/wallets"))).toBe("reached");
  });

  test("are off where others can ask, unless that is agreed, and then need the token", async () => {
    const off = start(EXPOSED);
    const shared = start({ ...EXPOSED, sharesWallets: true });
    for (const path of [...paths, "/api/faucet", "/api/contracts/templates"]) {
      for (const address of [LOCAL, REMOTE]) {
        expect(await codeOf(off.ask(path, { headers: BEARER }, address))).toBe("wallets-off");
        expect(await codeOf(shared.ask(path, {}, address))).toBe("token-needed");
        expect(await codeOf(shared.ask(path, { headers: BEARER }, address))).toBe("reached");
      }
    }
  });

  test("are never kept by a cache", async () => {
    const { ask } = start();
    expect((await ask("/api/wallets")).headers.get("cache-control")).toBe("no-store");
  });

  test("take PSBTs of the largest size, and nothing else so large", async () => {
    const { ask } = start();
    const statusOf = async (path: string) => {
      const headers = { ...JSON_TYPE, "content-length": String(1024 * 1024) };
      return (await ask(path, { method: "POST", headers })).status;
    };
    for (const path of ["/api/wallets/x/psbt", "/api/wallets/x/payments/1/signed"]) {
      expect(await statusOf(path)).toBe(200);
    }
    for (const path of ["/api/psbt/decode", "/api/psbt/combine", "/api/psbt/finalize"]) {
      expect(await statusOf(path)).toBe(200);
    }
    expect(await statusOf("/api/wallets/x/payments")).toBe(413);
  });

  test("lend sessions to the token's holder and to others apart (A-02)", async () => {
    const bound: string[] = [];
    const { ask } = start({ sharesWallets: true }, async (request) => {
      bound.push(inputOf(request).boundTo);
      return Response.json({});
    });
    await ask("/api/wallets");
    await ask("/api/wallets", { headers: BEARER });
    await ask("/api/wallets", { headers: BEARER }, REMOTE);
    expect(bound[0]).not.toBe(bound[1]);
    expect(bound[1]).toBe(bound[2]);
  });

  test("tell a wrong password late, and five a minute (A-10)", async () => {
    const { ask, clock } = start({}, (request) =>
      inputOf(request).tryPassword(() =>
        Promise.reject(new KeystoreError("wrong-password-or-damaged")),
      ),
    );
    const guess = async (address = REMOTE) => {
      let status = 0;
      const done = ask("/api/wallets/x/unlock", { method: "POST" }, address).then((response) => {
        status = response.status;
      });
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      const early = status;
      clock.pass(250);
      await done;
      return [early, status];
    };
    for (let attempt = 0; attempt < 5; attempt++) expect(await guess()).toEqual([0, 403]);
    expect(await guess()).toEqual([429, 429]);
    expect(await guess(LOCAL)).toEqual([0, 403]);
    clock.pass(60_000);
    expect(await guess()).toEqual([0, 403]);
  });

  test("count no right password, and no other refusal", async () => {
    let count = 0;
    const { ask } = start({}, (request) =>
      inputOf(request).tryPassword(async () => {
        count += 1;
        if (count % 2 === 0) throw new KeystoreError("busy");
        return Response.json({});
      }),
    );
    for (let attempt = 0; attempt < 20; attempt++) {
      const { status } = await ask("/api/wallets/x/unlock", { method: "POST" });
      expect(status).toBe(attempt % 2 === 0 ? 200 : 503);
    }
  });
});

describe("cross-origin reading (A-05)", () => {
  const good = "https://dash.example";

  test("is allowed to the exact origin, and to nobody else", async () => {
    const { ask } = start({ corsOrigins: [good] });
    const allowed = await ask("/api/status", { headers: { origin: good } });
    expect(allowed.headers.get("access-control-allow-origin")).toBe(good);
    expect(allowed.headers.get("access-control-allow-credentials")).toBeNull();
    for (const origin of [
      "null",
      "https://dash.example.evil",
      "http://dash.example",
      `${good}:1`,
    ]) {
      const other = await ask("/api/status", { headers: { origin } });
      expect(other.headers.get("access-control-allow-origin")).toBeNull();
      expect(other.headers.get("vary")).toContain("Origin");
    }
  });

  test("is not opened by a preflight of another", async () => {
    const { ask, reached } = start({ corsOrigins: [good] });
    const preflight = (origin: string) =>
      ask("/api/mine", {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST" },
      });
    const allowed = await preflight(good);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe(good);
    expect(allowed.headers.get("access-control-allow-methods")).toContain("POST");
    const refused = await preflight("https://evil.example");
    expect(refused.status).toBe(403);
    expect(refused.headers.get("access-control-allow-methods")).toBeNull();
    expect((await ask("/api/mine", { method: "OPTIONS" })).status).toBe(405);
    expect(reached).toEqual([]);
  });

  test("of an allowed origin may also write", async () => {
    const { ask } = start({ corsOrigins: [good] });
    const post = (origin: string) =>
      ask("/api/mine", { method: "POST", headers: { origin, "sec-fetch-site": "cross-site" } });
    expect((await post(good)).status).toBe(200);
    expect(await codeOf(post("https://evil.example"))).toBe("cross-site-request");
  });
});

describe("sockets", () => {
  const socket = (headers: Record<string, string> = {}) => {
    const all = { host: HOST, upgrade: "websocket", connection: "Upgrade", ...headers };
    return new Request(`http://${HOST}/ws`, { headers: all });
  };

  test("are opened for programs, for our page, and for pages that were named", async () => {
    const origins = [undefined, `http://${HOST}`, "https://dash.example"];
    for (const origin of origins) {
      const { gate, reached, left } = start({ corsOrigins: ["https://dash.example"] });
      const request = socket(origin === undefined ? {} : { origin });
      expect(await gate.handle(request, caller(LOCAL))).toBeUndefined();
      expect({ reached, left }).toEqual({ reached: [], left: [] });
    }
  });

  test.each([
    ["another site (A-06)", { origin: "https://evil.example" }, 403, "cross-site-request"],
    ["no site at all", { origin: "null" }, 403, "cross-site-request"],
    ["another port", { origin: "http://127.0.0.1:3000" }, 403, "cross-site-request"],
    ["what a browser calls so", { "sec-fetch-site": "cross-site" }, 403, "cross-site-request"],
    ["another name (A-03)", { host: "evil.example" }, 421, "wrong-host"],
  ])("are not opened for %s", async (_, headers, status, code) => {
    const { gate, left } = start();
    let isAsked = false;
    const upgrade = () => {
      isAsked = true;
      return true;
    };
    const response = await gate.handle(socket(headers), { ...caller(LOCAL), upgrade });
    expect(response?.status).toBe(status);
    expect(await codeOf(response!)).toBe(code);
    expect({ isAsked, left }).toEqual({ isAsked: false, left: [] });
  });

  test("asked for in a wrong way give their place back", async () => {
    const { gate, left } = start();
    const response = await gate.handle(socket(), caller(LOCAL, false));
    expect(response?.status).toBe(400);
    expect(left).toEqual(["place"]);
  });

  test("take a place in the name of whoever asks: this machine and the token are trusted", async () => {
    const { gate, reserved } = start(EXPOSED);
    await gate.handle(socket(), caller(LOCAL));
    await gate.handle(socket(), caller(REMOTE));
    await gate.handle(socket(BEARER), caller(REMOTE));
    expect(reserved).toEqual([
      [LOCAL, true],
      [REMOTE, false],
      [REMOTE, true],
    ]);
  });

  test("are opened so often and no more by one stranger", async () => {
    const { gate } = start(EXPOSED);
    const { burst } = RATES.other.socket;
    for (let round = 0; round < burst; round++) {
      expect(await gate.handle(socket(), caller(REMOTE))).toBeUndefined();
    }
    expect((await gate.handle(socket(), caller(REMOTE)))?.status).toBe(429);
  });

  test("are nowhere else, whatever is asked", async () => {
    const { ask, reached } = start();
    const headers = { upgrade: "websocket", connection: "Upgrade" };
    expect((await ask("/api/status", { headers })).status).toBe(200);
    expect((await ask("/ws", { headers, method: "HEAD" })).status).toBe(200);
    expect((await ask("/ws")).status).toBe(200);
    expect(reached).toHaveLength(3);
  });
});

test("more requests than there are slots hear so at once", async () => {
  const release = Promise.withResolvers<void>();
  const { ask } = start({}, async () => {
    await release.promise;
    return Response.json({});
  });
  const asked = Array.from({ length: 200 }, () => ask("/api/status"));
  const statuses: number[] = [];
  const done = asked.map(async (response) => statuses.push((await response).status));
  // All that are refused are so before any slot is given back.
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  expect(statuses).toEqual(Array.from({ length: 200 - 128 }, () => 503));
  release.resolve();
  await Promise.all(done);
  expect(statuses.filter((status) => status === 200)).toHaveLength(128);
});
