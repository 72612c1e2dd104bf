/**
 * Where a search leads: to a block by height or hash, a transaction, an address or a node.
 *
 * Asks the node what is there, by the function it is given, so that it never leads to an empty page.
 */

/** Asks the API; throws where there is nothing. */
export type Ask = (path: string) => Promise<unknown>;

/** Longest text that is looked for, in characters. */
export const MAX_SEARCH_LENGTH = 130;

/** Returns the path of the page for `text`; undefined if nothing fits. */
export async function findSearchTarget(text: string, ask: Ask): Promise<string | undefined> {
  const wanted = text.trim();
  if (wanted === "" || wanted.length > MAX_SEARCH_LENGTH) return undefined;
  if (/^[\d,]+$/.test(wanted)) {
    const height = wanted.replaceAll(",", "");
    if (await isThere(`/api/block/${height}?limit=1`, ask)) return `/block/${height}`;
  }
  if (/^[0-9a-f]{64}$/i.test(wanted)) {
    const hash = wanted.toLowerCase();
    if (await isThere(`/api/block/${hash}?limit=1`, ask)) return `/block/${hash}`;
    if (await isThere(`/api/transactions/${hash}`, ask)) return `/tx/${hash}`;
    return undefined;
  }
  if (await isAddress(wanted, ask)) return `/address/${encodeURIComponent(wanted)}`;
  return undefined;
}

async function isThere(path: string, ask: Ask): Promise<boolean> {
  return await ask(path).then(
    () => true,
    () => false,
  );
}

async function isAddress(text: string, ask: Ask): Promise<boolean> {
  try {
    const verdict = await ask(`/api/addresses/${encodeURIComponent(text)}/validate`);
    return (verdict as { valid?: unknown }).valid === true;
  } catch {
    return false;
  }
}
