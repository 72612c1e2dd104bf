/** Which page a path leads to, and that nothing of the API's is taken for a page. */

import { expect, test } from "bun:test";
import { matchPath } from "../../../public/paths.ts";

test.each([
  ["/", "/", {}],
  ["/blocks", "/blocks", {}],
  ["/tree", "/tree", {}],
  ["/mempool", "/mempool", {}],
  ["/blocks/", "/blocks", {}],
  ["/block/12", "/block/:id", { id: "12" }],
  ["/network", "/network", {}],
  ["/mining", "/mining", {}],
  ["/address/a%2Fb", "/address/:address", { address: "a/b" }],
])("%s is the page %s", (path, page, parameters) => {
  expect(matchPath(path)).toEqual({ page, parameters } as never);
});

test.each([
  "/api/blocks",
  "/block",
  "/block/",
  "/block/1/2",
  "/block/%ff",
  "/Blocks",
  "//",
  "",
  "/x",
])("%p is no page", (path) => expect(matchPath(path)).toBeUndefined());
