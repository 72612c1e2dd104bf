/**
 * A client of the API that holds every answer to the OpenAPI document, and every refusal to what
 * refusals must never tell.
 *
 * Throws at the first answer that is not as described.
 */

import { PROBLEM_CONTENT_TYPE } from "../../src/api/problem.ts";
import { findMismatches } from "./json-schema.ts";
import type { RunningApi } from "./test-node.ts";

/** An answer, read and checked. */
export interface CheckedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
}

/** What must not stand in any refusal: places in a program or on a disk. */
const LEAKS = [
  /\bat \S+ \(/,
  /\.ts\b/,
  /node_modules/,
  /\/(?:home|root|tmp|usr|work)\//,
  /file:\/\//,
];

export class CheckedClient {
  readonly #api: Pick<RunningApi, "fetch">;
  readonly #document: any;
  /** Operations that were answered with success, as `GET /api/status`. */
  readonly covered = new Set<string>();

  private constructor(api: Pick<RunningApi, "fetch">, document: unknown) {
    this.#api = api;
    this.#document = document;
  }

  static async connect(api: Pick<RunningApi, "fetch">): Promise<CheckedClient> {
    return new CheckedClient(api, await (await api.fetch("/swagger/json")).json());
  }

  get(path: string, init: RequestInit = {}): Promise<CheckedAnswer> {
    return this.send(path, init);
  }

  post(path: string, body?: unknown): Promise<CheckedAnswer> {
    if (body === undefined) return this.send(path, { method: "POST" });
    return this.postText(path, JSON.stringify(body));
  }

  postText(path: string, body: string): Promise<CheckedAnswer> {
    const headers = { "content-type": "application/json" };
    return this.send(path, { method: "POST", headers, body });
  }

  async send(path: string, init: RequestInit): Promise<CheckedAnswer> {
    const response = await this.#api.fetch(path, init);
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    const body =
      type.includes("json") && !type.includes("ndjson") && text !== "" ? JSON.parse(text) : text;
    this.#check(`${init.method ?? "GET"} ${path}`, response, { type, text, body });
    return { status: response.status, headers: response.headers, body };
  }

  #check(
    asked: string,
    { status }: Response,
    { type, text, body }: { type: string; text: string; body: unknown },
  ): void {
    if (status >= 400) checkRefusal(asked, status, { type, text, body });
    const found = this.#findOperation(asked);
    if (found === undefined) return;

    const { name, operation } = found;
    const answer = operation.responses[String(status)];
    if (answer === undefined && status !== 304)
      throw new Error(`${asked}: ${status} is not described`);
    if (status < 400) this.covered.add(name);
    const schema = answer?.content?.[type.split(";")[0] ?? ""]?.schema;
    if (schema === undefined || typeof body === "string") return;
    const mismatches = findMismatches(schema, body, this.#document);
    if (mismatches.length > 0) throw new Error(`${asked} (${status}): ${mismatches.join("\n")}`);
  }

  #findOperation(asked: string) {
    const [method = "", target = ""] = asked.split(" ");
    const given = (target.split("?")[0] ?? "").split("/");
    const matching = Object.keys(this.#document.paths).filter((pattern) => {
      const parts = pattern.split("/");
      return (
        parts.length === given.length &&
        parts.every((part, index) => part.startsWith("{") || part === given[index])
      );
    });
    // A fixed word is a better match than a name in braces.
    const [pattern] = matching.sort((a, b) => a.split("{").length - b.split("{").length);
    const operation = pattern && this.#document.paths[pattern][method.toLowerCase()];
    return operation ? { name: `${method} ${pattern}`, operation } : undefined;
  }
}

function checkRefusal(
  asked: string,
  status: number,
  { type, text, body }: { type: string; text: string; body: any },
): void {
  if (type !== PROBLEM_CONTENT_TYPE) throw new Error(`${asked}: ${status} is ${type}`);
  for (const member of ["type", "title", "code", "detail"]) {
    if (typeof body[member] !== "string") throw new Error(`${asked}: no ${member} in ${text}`);
  }
  if (body.status !== status) throw new Error(`${asked}: ${status} says it is ${body.status}`);
  const leak = LEAKS.find((pattern) => pattern.test(text));
  if (leak !== undefined) throw new Error(`${asked}: tells too much: ${text}`);
}
