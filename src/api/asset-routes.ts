/**
 * The status page and what it loads, from within the binary.
 *
 * Only the files named here can be asked for; what is in them is the business of public/.
 */

import icon from "../../public/icon.svg" with { type: "file" };
import page from "../../public/index.html" with { type: "file" };
import style from "../../public/status.css" with { type: "file" };
import script from "../../public/status.js" with { type: "file" };
import { createRouter } from "./router.ts";
import { serveFile } from "./static-file.ts";

export function assetRoutes() {
  return createRouter("assets")
    .get("/", serveFile(html(page)))
    .get("/status.css", serveFile(css(style)))
    .get("/status.js", serveFile(javascript(script)))
    .get("/icon.svg", serveFile({ location: icon, contentType: "image/svg+xml" }))
    .get("/favicon.ico", serveFile({ location: icon, contentType: "image/svg+xml" }));
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
