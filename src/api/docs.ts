/**
 * The documentation of the API: the OpenAPI document, and Swagger UI to read and try it.
 *
 * Everything comes from the binary, so that it works without the internet, and no script is inline,
 * so that the same content policy holds as everywhere.
 */

import style from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import bundle from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import page from "../../public/swagger.html" with { type: "file" };
import script from "../../public/swagger.js" with { type: "file" };
import { css, html, javascript } from "./asset-routes.ts";
import { createRouter } from "./router.ts";
import { serveFile } from "./static-file.ts";

export function docsRoutes(openApi: Record<string, unknown>) {
  return createRouter("docs")
    .get("/swagger", serveFile(html(page)))
    .get("/swagger/json", () =>
      Response.json(openApi, { headers: { "cache-control": "no-cache" } }),
    )
    .get("/swagger/swagger.js", serveFile(javascript(script)))
    .get("/swagger/swagger-ui.css", serveFile(css(style)))
    .get("/swagger/swagger-ui-bundle.js", serveFile(javascript(bundle)));
}
