/**
 * The paths of the dashboard's pages, for the browser that goes to them and the server that answers
 * a reload there.
 *
 * A list, and nothing of what the pages show: app.ts gives each path its view.
 */

/** Every page; a part that begins with a colon stands for anything but nothing. */
export const PAGE_PATHS = [
  "/",
  "/blocks",
  "/tree",
  "/mempool",
  "/block/:id",
  "/tx/:txid",
  "/address/:address",
  "/network",
  "/mining",
  "/wallet",
  "/page-wallet",
  "/wallet/:name",
  "/wallet/:name/:section",
  "/wallet/:name/:section/:item",
  "/contacts",
] as const;

/** One of the pages' paths, as it stands in the list. */
export type PagePath = (typeof PAGE_PATHS)[number];

/** Where a path leads. */
export interface Route {
  readonly page: PagePath;
  /** What stood for the parts with a colon, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Returns the page of `pathname`; undefined if it is none of ours, or cannot be decoded. */
export function matchPath(pathname: string): Route | undefined {
  // A slash at the end says nothing, except where it is all there is.
  const given = pathname.replace(/(?<=[^/])\/$/, "").split("/");
  for (const page of PAGE_PATHS) {
    const parameters = matchParts(page.split("/"), given);
    if (parameters !== undefined) return { page, parameters };
  }
  return undefined;
}

function matchParts(
  wanted: readonly string[],
  given: readonly string[],
): Record<string, string> | undefined {
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const text = given[index] ?? "";
    if (part.startsWith(":")) {
      const decoded = decodePart(text);
      if (decoded === undefined || decoded === "") return undefined;
      parameters[part.slice(1)] = decoded;
    } else if (part !== text) {
      return undefined;
    }
  }
  return parameters;
}

function decodePart(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
