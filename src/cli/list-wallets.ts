/**
 * All wallets of a node, page after page.
 *
 * For commands that look for one among them; what each is, is in wallet-answers.ts.
 */

import type { Answer, ApiClient } from "./api-client.ts";
import type { ListedWalletAnswer, WalletsAnswer } from "./wallet-answers.ts";

/** Pages asked for at most: more wallets than any node has. */
const MAX_PAGES = 20;

/** Returns all wallets, and the first answer's text. */
export async function listWallets(
  client: ApiClient,
): Promise<Answer<readonly ListedWalletAnswer[]>> {
  const first = await client.getOwn<WalletsAnswer>("/api/wallets");
  const wallets = [...first.value.wallets];
  let { cursor } = first.value;
  for (let page = 1; typeof cursor === "string" && page < MAX_PAGES; page++) {
    const query = new URLSearchParams({ cursor });
    const { value } = await client.getOwn<WalletsAnswer>(`/api/wallets?${query}`);
    wallets.push(...value.wallets);
    cursor = value.cursor;
  }
  return { text: first.text, value: wallets };
}
