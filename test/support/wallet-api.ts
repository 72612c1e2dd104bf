/**
 * A development network with its funded accounts, and a checked client of its API: what tests of
 * wallet routes begin with.
 *
 * Blocks come when a test asks for them.
 */

import { openDevelopmentAccounts } from "../../src/node/development-accounts.ts";
import { mineAtOnce } from "../../src/node/development-chain.ts";
import type { Node } from "../../src/node/node.ts";
import { type CheckedAnswer, CheckedClient } from "./checked-client.ts";
import { type RunningApi, startTestApi, startTestNode, type TestNodeOptions } from "./test-node.ts";

/** A running API of a development network. */
export interface WalletWorld extends AsyncDisposable {
  readonly node: Node;
  readonly api: RunningApi;
  readonly client: CheckedClient;
  /** Asks with a body; throws unless the status is `status`. */
  ask(method: string, path: string, body?: unknown, status?: number): Promise<any>;
  /** Status and code of a refusal. */
  refusal(method: string, path: string, body?: unknown): Promise<[number, string]>;
  /** Prepares and confirms a payment of a wallet. */
  pay(wallet: string, to: string, amount: number | "max", authority?: object): Promise<any>;
  mine(count?: number): void;
  /** The operations under these headings that nobody was given an answer of. */
  unanswered(tags: readonly string[]): Promise<string[]>;
}

/** Starts one. */
export async function startWalletWorld(options: TestNodeOptions = {}): Promise<WalletWorld> {
  const running = await startTestNode({ network: "dev", ...options });
  const { node } = running;
  await openDevelopmentAccounts(node);
  const api = await startTestApi(node);
  const client = await CheckedClient.connect(api);
  const send = (method: string, path: string, body?: unknown): Promise<CheckedAnswer> => {
    if (body === undefined) return client.send(path, { method });
    const headers = { "content-type": "application/json" };
    return client.send(path, { method, headers, body: JSON.stringify(body) });
  };
  const ask: WalletWorld["ask"] = async (method, path, body, status = 200) => {
    const answer = await send(method, path, body);
    if (answer.status === status) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  return {
    node,
    api,
    client,
    ask,
    async refusal(method, path, body) {
      const answer = await send(method, path, body);
      return [answer.status, answer.body.code];
    },
    async pay(wallet, to, amount, authority = {}) {
      const path = `/api/wallets/${wallet}/payments`;
      const { id, digest } = await ask("POST", path, { recipients: [{ to, amount }] }, 201);
      return ask("POST", `${path}/${id}/confirm`, { digest, ...authority });
    },
    mine(count = 1) {
      for (let mined = 0; mined < count; mined++) mineAtOnce(node, running.key.scriptPubKey);
    },
    async unanswered(tags) {
      const { paths } = await ask("GET", "/swagger/json");
      return Object.entries<Record<string, { tags: string[] }>>(paths)
        .flatMap(([path, methods]) =>
          Object.entries(methods)
            .filter(([, operation]) => operation.tags.some((tag) => tags.includes(tag)))
            .map(([method]) => `${method.toUpperCase()} ${path}`),
        )
        .filter((name) => !client.covered.has(name));
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await running[Symbol.asyncDispose]();
    },
  };
}
