/**
 * Why the framework's own plugins do not serve the API: facts that an upgrade may change, kept as
 * tests so that a change is noticed.
 *
 * Until then the documents come from api/docs.ts and api/openapi.ts, and origins are judged in
 * api/security.ts.
 */

import { describe, expect, test } from "bun:test";
import { cors } from "@elysiajs/cors";
import { swagger } from "@elysiajs/swagger";
import { Elysia } from "elysia";

const EVIL = "https://evil.example";

describe("@elysiajs/swagger", () => {
  const app = new Elysia().use(swagger({ provider: "swagger-ui" })).get("/a", () => "a");

  test("has a page that is blank without the internet, and scripts that our policy forbids", async () => {
    const page = await (await app.handle(new Request("http://localhost/swagger"))).text();
    expect(page).toMatch(/<script src="https:\/\/[^"]+"/);
    expect(page).toMatch(/<script>\s*window\.onload/);
  });

  test("makes documents of OpenAPI 3.0, into which our JSON Schemas do not fit", async () => {
    const document = await (await app.handle(new Request("http://localhost/swagger/json"))).json();
    expect(document.openapi).toStartWith("3.0");
  });
});

describe("@elysiajs/cors", () => {
  test("lets every site read unless told otherwise", async () => {
    const app = new Elysia().use(cors()).get("/a", () => "a");
    const request = new Request("http://localhost/a", { headers: { origin: EVIL } });
    const allowed = (await app.handle(request)).headers.get("access-control-allow-origin");
    expect([EVIL, "*"]).toContain(allowed ?? "");
  });
});
