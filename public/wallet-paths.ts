/**
 * Where wallets are: their pages, and their routes of the API.
 *
 * Names of wallets are the node's to check; here they are only kept from meaning anything else.
 */

/** Returns the path of a wallet's page, of a part of it, or of one thing there. */
export function walletPage(name: string, ...parts: readonly string[]): string {
  return ["/wallet", name, ...parts]
    .map((part, index) => (index === 0 ? part : encodeURIComponent(part)))
    .join("/");
}

/** Returns the path of a wallet's route; `rest` begins with a slash, if there is any. */
export function walletRoute(name: string, rest = ""): string {
  return `/api/wallets/${encodeURIComponent(name)}${rest}`;
}
