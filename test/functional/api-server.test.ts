/**
 * The sockets of the API, over real connections: ports, hosts, the token, stopping.
 *
 * What the gate decides is tried in full in its unit tests; here, that it stands where requests come
 * in.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PortInUseError, startApi, startApiOnFreePort } from "../../src/api/server.ts";
import {
  type RunningNode,
  startTestApi,
  startTestNode,
  TEST_API_SETTINGS,
  TEST_TOKEN,
} from "../support/test-node.ts";

let running: RunningNode;

beforeAll(async () => {
  running = await startTestNode();
});

afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

function optionsFor(settings: Partial<typeof TEST_API_SETTINGS>) {
  return {
    node: running.node,
    token: TEST_TOKEN,
    version: "0.0.0-test",
    settings: { ...TEST_API_SETTINGS, ...settings },
  };
}

describe("ports", () => {
  test("a taken port is told apart, and never shared (D-08)", async () => {
    await using api = await startTestApi(running.node);
    const { port } = api.server;
    for (const apiHost of ["127.0.0.1", "localhost", "::1"]) {
      const error = await startApi(optionsFor({ port, apiHost })).catch((caught) => caught);
      expect(error).toBeInstanceOf(PortInUseError);
      expect(error).toMatchObject({ port });
    }
    expect((await api.fetch("/health/live")).status).toBe(200);
  });

  test("a port taken on the other loopback address is taken", async () => {
    const other = Bun.serve({ hostname: "::1", port: 0, fetch: () => new Response("other") });
    const error = await startApi(optionsFor({ port: other.port ?? 0 })).catch((caught) => caught);
    expect(error).toBeInstanceOf(PortInUseError);
    // The half that was open is closed again.
    const again = Bun.serve({
      hostname: "127.0.0.1",
      port: other.port ?? 0,
      fetch: () => new Response(),
    });
    expect(again.port).toBe(other.port ?? 0);
    other.stop(true).catch(() => {});
    again.stop(true).catch(() => {});
  });

  test("the next free port is found if that may be", async () => {
    await using first = await startTestApi(running.node);
    const options = optionsFor({ port: first.server.port });
    const second = await startApiOnFreePort(options, true);
    expect(second.port).toBeGreaterThan(first.server.port);
    await second.stop();
    const error = await startApiOnFreePort(options, false).catch((caught) => caught);
    expect(error).toBeInstanceOf(PortInUseError);
  });

  test("an address that is not ours is told in one plain line", async () => {
    const error = (await startApi(optionsFor({ apiHost: "203.0.113.77", apiExpose: true })).catch(
      (caught) => caught,
    )) as Error;
    expect(error).not.toBeInstanceOf(PortInUseError);
    expect(error.message).toContain("203.0.113.77");
  });

  test("both loopback addresses answer, under either name", async () => {
    await using api = await startTestApi(running.node);
    for (const host of ["127.0.0.1", "[::1]", "localhost"]) {
      const response = await fetch(`http://${host}:${api.server.port}/health/live`);
      expect(response.status).toBe(200);
    }
    expect(api.server.url).toBe(`http://127.0.0.1:${api.server.port}`);
  });
});

describe("where other machines can ask", () => {
  const exposed = { apiHost: "0.0.0.0", apiExpose: true };
  const mine = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };

  test("changes need the token, reads do not", async () => {
    await using api = await startTestApi(running.node, exposed);
    expect((await api.fetch("/api/status")).status).toBe(200);
    const refused = await api.fetch("/api/mine", mine);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toBe("Bearer");
    const headers = { ...mine.headers, authorization: `Bearer ${TEST_TOKEN}` };
    expect((await api.fetch("/api/mine", { ...mine, headers })).status).toBe(200);
  });

  test("nobody may call us 0.0.0.0 (A-07)", async () => {
    await using api = await startTestApi(running.node, exposed);
    const headers = { host: `0.0.0.0:${api.server.port}` };
    expect((await api.fetch("/api/status", { headers })).status).toBe(421);
  });
});

describe("pages of other sites", () => {
  test("can neither change nor read anything", async () => {
    await using api = await startTestApi(running.node);
    const headers = {
      origin: "https://evil.example",
      "sec-fetch-site": "cross-site",
      "content-type": "application/json",
    };
    const { height } = running.node.chain.tip;
    const refused = await api.fetch("/api/mine", { method: "POST", headers, body: "{}" });
    expect(refused.status).toBe(403);
    expect(running.node.chain.tip.height).toBe(height);
    const read = await api.fetch("/api/status", { headers });
    expect(read.headers.get("access-control-allow-origin")).toBeNull();
    expect(read.headers.get("cross-origin-resource-policy")).toBe("same-origin");
  });

  test("can if the operator named them", async () => {
    const origin = "https://dash.example";
    await using api = await startTestApi(running.node, { corsOrigin: [origin] });
    const response = await api.fetch("/api/status", { headers: { origin } });
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    expect(response.headers.get("vary")).toContain("Origin");
  });
});

describe("stopping", () => {
  test("lets requests in work end, and takes no more", async () => {
    const api = await startTestApi(running.node);
    const mined = api.fetch("/api/mine", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ blocks: 5 }),
    });
    // Answered only after the demand has reached the node: connections are served in turn.
    await (await api.fetch("/health/live")).text();
    await api[Symbol.asyncDispose]();
    expect((await mined).status).toBe(200);
    const after = await api.fetch("/health/live").catch((caught) => caught);
    expect(after).toBeInstanceOf(Error);
  });

  test("frees the port for the next one", async () => {
    const first = await startTestApi(running.node);
    const { port } = first.server;
    await (await first.fetch("/api/status")).text();
    await first[Symbol.asyncDispose]();
    await using second = await startTestApi(running.node, { port });
    expect((await second.fetch("/api/status")).status).toBe(200);
  });
});

test("a stopped node's index is no excuse to wait for ever", async () => {
  await using other = await startTestNode();
  await using api = await startTestApi(other.node);
  await other.node.index.stop();
  await other.node.miner.mine(1);
  const response = await api.fetch("/api/blockchain");
  expect(response.status).toBe(503);
  expect(((await response.json()) as { code: string }).code).toBe("index-behind");
  expect((await api.fetch("/api/status")).status).toBe(200);
});
