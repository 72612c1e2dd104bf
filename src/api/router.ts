/**
 * The framework, set to do one thing: find the route of a path.
 *
 * Code generation is off, since it reads the source of handlers, which a compiled binary need not
 * have; normalization is off, since it drops unknown fields silently; a path with a slash too many
 * is another path, or rules that go by path could be evaded.
 */

import { Elysia } from "elysia";

/** Returns an empty group of routes. */
export function createRouter(name: string) {
  return new Elysia({ name, normalize: false, aot: false, strictPath: true });
}
