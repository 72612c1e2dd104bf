/**
 * Asking a node: where, with which token, and what each way to fail says.
 */

import { describe, expect, test } from "bun:test";
import { ApiClient, type ClientOptions } from "../../../src/cli/api-client.ts";
import { CommandError } from "../../../src/cli/command.ts";
import { ConfigError } from "../../../src/node/config-error.ts";
import { fakeNode, fakeWorld, type Given, problem } from "./fake-world.ts";

const NO_OPTIONS: ClientOptions = {
  json: false,
  url: undefined,
  token: undefined,
  data: undefined,
  network: undefined,
  dev: false,
  difficulty: undefined,
};

const DATA = "/home/ada/.local/share/cairn";
const LOCAL_FILES = { [`${DATA}/cairn/api.token`]: "local-token\n" };

function clientOf(options: Partial<ClientOptions>, given: Given = {}, timeoutMs = 5_000) {
  return new ApiClient({
    options: { ...NO_OPTIONS, ...options },
    world: fakeWorld(given).world,
    timeoutMs,
  });
}

/** Returns the URL and the token of each request, without sending any. */
async function requestsOf(options: Partial<ClientOptions>, given: Given = {}) {
  const requests: { url: string; token: string | null }[] = [];
  const client = clientOf(options, {
    ...given,
    fetch: async (url, init) => {
      requests.push({ url, token: new Headers(init.headers).get("authorization") });
      return Response.json({});
    },
  });
  await client.get("/x");
  await client.post("/x", {});
  return { url: requests[0]?.url, get: requests[0]?.token, post: requests[1]?.token };
}

async function failureOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the address", () => {
  test("is that of a node with default settings", async () => {
    expect((await requestsOf({})).url).toBe("http://127.0.0.1:8080/x");
  });

  test("is that which the settings of this machine's node say", async () => {
    const files = { [`${DATA}/cairn.toml`]: 'port = 9000\napi-host = "::"\napi-expose = true' };
    expect((await requestsOf({}, { files })).url).toBe("http://[::1]:9000/x");
    expect((await requestsOf({}, { environment: { CAIRN_PORT: "0" } })).url).toBe(
      "http://127.0.0.1:8080/x",
    );
  });

  test("is that which was named, without looking at any settings", async () => {
    const given = { files: { [`${DATA}/cairn.toml`]: "broken" } };
    const options = { url: "https://node.example:1/base", token: "t" };
    expect((await requestsOf(options, given)).url).toBe("https://node.example:1/base/x");
    expect(requestsOf({}, given)).rejects.toBeInstanceOf(ConfigError);
  });
});

describe("the token", () => {
  test("of this machine goes with what changes something, to this machine alone", async () => {
    const given = { files: LOCAL_FILES };
    const local = await requestsOf({}, given);
    expect(local.get).toBeNull();
    expect(local.post).toBe("Bearer local-token");
    for (const url of ["http://10.0.0.5:8080", "http://127.0.0.1.evil.example"]) {
      expect((await requestsOf({ url }, given)).post).toBeNull();
    }
    for (const url of ["http://localhost:1", "http://[::1]:1"]) {
      expect((await requestsOf({ url }, given)).post).toBe("Bearer local-token");
    }
  });

  test("that was named goes wherever that was meant", async () => {
    const options = { url: "http://10.0.0.5:8080", token: "named" };
    expect((await requestsOf(options, { files: LOCAL_FILES })).post).toBe("Bearer named");
  });

  test("is that of the network, data folder and file that the node uses", async () => {
    const files = { "/d/lab/api.token": "lab", "/d/lab-difficulty-4/api.token": "4", "/t": "own" };
    const lab = { data: "/d", network: "lab" };
    expect((await requestsOf({ ...lab, difficulty: 4 }, { files })).post).toBe("Bearer 4");
    expect((await requestsOf(lab, { files })).post).toBe("Bearer lab");
    const environment = { CAIRN_API_TOKEN_FILE: "/t" };
    expect((await requestsOf({}, { files, environment })).post).toBe("Bearer own");
  });

  test("is left out where there is none", async () => {
    expect((await requestsOf({})).post).toBeNull();
  });
});

describe("failures", () => {
  test("of a node that does not run say how to start one", async () => {
    const { url, [Symbol.asyncDispose]: stop } = fakeNode({});
    await stop();
    expect(await failureOf(clientOf({ url }).get("/x"))).toBe(
      `no node answers at ${url}; start one with: cairn start`,
    );
  });

  test("of a node that hangs end", async () => {
    const hang = { promise: new Promise<Response>(() => {}) };
    await using node = fakeNode({});
    const client = clientOf(
      { url: node.url },
      {
        fetch: async (_, init) => {
          const { promise, reject } = Promise.withResolvers<Response>();
          init.signal?.addEventListener("abort", () => reject(init.signal?.reason));
          return await Promise.race([promise, hang.promise]);
        },
      },
      1,
    );
    expect(await failureOf(client.get("/x"))).toContain("did not answer within");
  });

  test("of the API become its detail, code and hint on one line", async () => {
    await using node = fakeNode({
      "GET /a": problem(400, "bad-height", "The height 9 is above the tip, 5.", "ask for 0..5"),
      "GET /b": Response.json({ type: "about:blank", title: "Too many requests" }, { status: 429 }),
    });
    const client = clientOf({ url: node.url });
    expect(await failureOf(client.get("/a"))).toBe(
      "The height 9 is above the tip, 5 (bad-height): ask for 0..5",
    );
    expect(await failureOf(client.get("/b"))).toBe("Too many requests");
  });

  test("of something that is no node say so", async () => {
    await using node = fakeNode({
      "GET /html": new Response("<html>"),
      "GET /error": new Response("oops", { status: 500 }),
      "GET /list": Response.json([1], { status: 500 }),
      "GET /twice": new Response('{"a":1,"a":2}'),
      "GET /moved": Response.redirect("http://127.0.0.1:1/", 302),
    });
    const client = clientOf({ url: node.url });
    for (const path of ["/html", "/error", "/list", "/twice", "/moved"]) {
      expect(await failureOf(client.get(path))).toContain("not as a node does");
    }
  });
});
