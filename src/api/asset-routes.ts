/**
 * The dashboard: one page for each of its paths, and what it loads, from within the binary.
 *
 * Only the files named here, and those that the bundler made, can be asked for; what is in them is
 * the business of public/.
 */

import icon from "../../public/icon.svg" with { type: "file" };
import page from "../../public/index.html" with { type: "file" };
import { PAGE_PATHS } from "../../public/paths.ts";
import { readDashboardFiles } from "./dashboard-files.ts";
import { ApiError } from "./problem.ts";
import { createRouter } from "./router.ts";
import { answerWith, type LoadedFile, loadFile, serveFile } from "./static-file.ts";

export function assetRoutes() {
  const servePage = serveFile(html(page));
  const serveIcon = serveFile({ location: icon, contentType: "image/svg+xml" });
  const router = createRouter("assets")
    .get("/assets/:name", serveBundle())
    .get("/icon.svg", serveIcon)
    .get("/favicon.ico", serveIcon);
  // A path that a browser was left at must lead back to where it was.
  for (const path of PAGE_PATHS) router.get(path, servePage);
  return router;
}

/** Returns a function that answers requests for the bundler's files, having them made once. */
function serveBundle() {
  let loading: Promise<ReadonlyMap<string, LoadedFile>> | undefined;
  return async ({ request, params }: { request: Request; params: { name: string } }) => {
    loading ??= loadBundle();
    const file = (await loading).get(params.name);
    if (file === undefined) {
      throw new ApiError({ status: 404, code: "not-found", detail: "There is no such file." });
    }
    return answerWith(file, request);
  };
}

async function loadBundle(): Promise<ReadonlyMap<string, LoadedFile>> {
  const files = await readDashboardFiles();
  return new Map(
    files.map(({ name, bytes }) => {
      const { contentType } = name.endsWith(".css") ? css(name) : javascript(name);
      return [name, loadFile(bytes, contentType)];
    }),
  );
}

/** An imported page: with `type: "file"` its place, whatever its declared type. */
export function html(location: unknown) {
  return { location: String(location), contentType: "text/html; charset=utf-8" };
}

export function css(location: string) {
  return { location, contentType: "text/css; charset=utf-8" };
}

export function javascript(location: string) {
  return { location, contentType: "text/javascript; charset=utf-8" };
}
