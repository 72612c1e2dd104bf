/**
 * What a page of another site can try on a node: every way by which a browser sends a request, as
 * functions that run inside of the page.
 *
 * They only try, and say what they could read; whether the node refused, its answers tell, which
 * `recordAnswers` sees however the browser hides them from the page.
 */

import type { BrowserContext, Page } from "playwright-core";
import { until } from "./until.ts";

/** One request that a page tries to send to a node. */
export interface Attempt {
  readonly method: string;
  readonly path: string;
  /** As JSON, if the operation takes a body. */
  readonly body: string | undefined;
}

/** What the node answered to one request, preflights included. */
export interface SeenAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly setsCookie: boolean;
}

/** Requests and answers between a page and a node, as the browser's own network log has them. */
export interface NetworkLog {
  readonly answers: SeenAnswer[];
  /** Requests that carried a cookie. */
  readonly withCookies: string[];
}

/** Notes all that passes between `page` and `host`, also what the page is not shown. */
export async function recordAnswers(
  context: BrowserContext,
  page: Page,
  host: string,
): Promise<NetworkLog> {
  const log: NetworkLog = { answers: [], withCookies: [] };
  const asked = new Map<string, { method: string; path: string }>();
  const statuses = new Map<string, { status: number; setsCookie: boolean }>();
  const settle = (id: string) => {
    const request = asked.get(id);
    const answer = statuses.get(id);
    if (request === undefined || answer === undefined) return;
    log.answers.push({ ...request, ...answer });
    statuses.delete(id);
  };
  const session = await context.newCDPSession(page);
  session.on("Network.requestWillBeSent", ({ requestId, request }) => {
    const url = new URL(request.url);
    if (url.host !== host) return;
    asked.set(requestId, { method: request.method, path: url.pathname });
    settle(requestId);
  });
  session.on("Network.requestWillBeSentExtraInfo", ({ requestId, headers }) => {
    const hasCookie = Object.keys(headers).some((name) => name.toLowerCase() === "cookie");
    if (hasCookie) log.withCookies.push(requestId);
  });
  session.on("Network.responseReceivedExtraInfo", ({ requestId, statusCode, headers }) => {
    const setsCookie = Object.keys(headers).some((name) => name.toLowerCase() === "set-cookie");
    statuses.set(requestId, { status: statusCode, setsCookie });
    settle(requestId);
  });
  await session.send("Network.enable");
  return log;
}

/** Tries all `attempts` at `base` by each kind of `fetch` and beacon; returns what could be read. */
export function tryFetches(
  page: Page,
  base: string,
  attempts: readonly Attempt[],
): Promise<string[]> {
  return page.evaluate(
    async ({ base, attempts }) => {
      const read: string[] = [];
      const attempt = async (name: string, path: string, init: RequestInit) => {
        try {
          const answer = await fetch(base + path, init);
          const text = await answer.text();
          if (answer.type !== "opaque" || text !== "") read.push(`${name} ${path}: ${text}`);
        } catch {
          // As it should be.
        }
      };
      const isRead = (method: string) => method === "GET" || method === "HEAD";
      for (const { method, path, body } of attempts) {
        const given = body === undefined ? {} : { body };
        const asJson = { ...given, headers: { "content-type": "application/json" } };
        const asText = { ...given, headers: { "content-type": "text/plain" } };
        if (isRead(method)) {
          await attempt("cors", path, { method });
          await attempt("credentials", path, { method, credentials: "include" });
          await attempt("no-cors", path, { method, mode: "no-cors" });
          await attempt("with a token", path, { method, headers: { authorization: "Bearer x" } });
          continue;
        }
        await attempt("cors json", path, { method, ...asJson });
        await attempt("cors text", path, { method, ...asText });
        await attempt("credentials", path, { method, ...asText, credentials: "include" });
        if (method !== "POST") continue;
        await attempt("no-cors text", path, { method, ...asText, mode: "no-cors" });
        await attempt("no-cors empty", path, { method, mode: "no-cors" });
        await attempt("no-cors form", path, {
          method,
          mode: "no-cors",
          body: new URLSearchParams({ "{}": "" }),
        });
        navigator.sendBeacon(base + path, body ?? "{}");
        navigator.sendBeacon(base + path, new Blob([body ?? "{}"], { type: "application/json" }));
      }
      return read;
    },
    { base, attempts },
  );
}

/** Posts each attempt as a form whose text is JSON, into a frame. */
export async function trySubmittingForms(
  page: Page,
  base: string,
  attempts: readonly Attempt[],
): Promise<void> {
  await page.evaluate(
    async ({ base, attempts }) => {
      for (const { path, body = "{}" } of attempts) {
        for (const enctype of ["text/plain", "application/x-www-form-urlencoded"]) {
          const frame = document.createElement("iframe");
          frame.name = `frame-${path}-${enctype}`;
          document.body.append(frame);
          const form = document.createElement("form");
          Object.assign(form, { action: base + path, method: "post", enctype, target: frame.name });
          const field = document.createElement("input");
          // Sent as `{"a":1,"x":"=1"}`: JSON, to whoever does not look at its type.
          field.name = `${body.slice(0, -1)}${body.length > 2 ? "," : ""}"x":"`;
          field.value = '1"}';
          form.append(field);
          document.body.append(form);
          const isLoaded = new Promise((resolve) => {
            frame.addEventListener("load", resolve, { once: true });
          });
          form.submit();
          await isLoaded;
          form.remove();
          frame.remove();
        }
      }
    },
    { base, attempts },
  );
}

/** Loads every path as each kind of thing that a page can hold; returns those that did load. */
export function tryEmbedding(
  page: Page,
  base: string,
  paths: readonly string[],
): Promise<string[]> {
  return page.evaluate(
    async ({ base, paths }) => {
      const loaded: string[] = [];
      const attempt = (name: string, element: HTMLElement, attributes: Record<string, string>) =>
        new Promise<void>((resolve) => {
          const end = (isLoaded: boolean) => {
            if (isLoaded) loaded.push(`${name} ${attributes.src ?? attributes.href ?? ""}`);
            element.remove();
            resolve();
          };
          element.addEventListener("load", () => end(true), { once: true });
          element.addEventListener("loadeddata", () => end(true), { once: true });
          element.addEventListener("error", () => end(false), { once: true });
          for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
          document.body.append(element);
        });
      for (const path of paths) {
        const url = base + path;
        await attempt("image", document.createElement("img"), { src: url });
        await attempt("script", document.createElement("script"), { src: url });
        await attempt("module", document.createElement("script"), { src: url, type: "module" });
        await attempt("style", document.createElement("link"), { href: url, rel: "stylesheet" });
        await attempt("video", document.createElement("video"), { src: url });
      }
      return loaded;
    },
    { base, paths },
  );
}

/** Opens a socket and a stream of events at `base`; returns those that did open. */
export function trySockets(page: Page, base: string): Promise<string[]> {
  return page.evaluate(async (base) => {
    const opened: string[] = [];
    await new Promise<void>((resolve) => {
      const socket = new WebSocket(`${base.replace("http", "ws")}/ws`);
      socket.onopen = () => {
        opened.push("socket");
        socket.close();
      };
      socket.onclose = () => resolve();
    });
    await new Promise<void>((resolve) => {
      const events = new EventSource(`${base}/ws`);
      events.onopen = () => opened.push("events");
      events.onerror = () => {
        events.close();
        resolve();
      };
    });
    return opened;
  }, base);
}

/** Puts the page at `url` into a frame; throws unless the browser shows its own error there. */
export async function expectUnframed(page: Page, url: string): Promise<void> {
  await page.evaluate((url) => {
    const frame = document.createElement("iframe");
    frame.src = url;
    document.body.append(frame);
  }, url);
  const where = () => page.mainFrame().childFrames()[0]?.url();
  await until(
    `no ${url} in a frame`,
    () => where()?.startsWith("chrome-error:"),
    10_000,
    () => `but ${where()}`,
  );
  await page.evaluate(() => document.querySelector("iframe")?.remove());
  await until("no frame", () => page.mainFrame().childFrames().length === 0);
}
