/**
 * Files that are part of the program, served from memory: a path is a key of a map, never a path on
 * a disk.
 *
 * The bundler turns each import into a place inside the binary; from source it is the file itself.
 */

import { sha256 } from "../crypto/hash.ts";
import { toHex } from "../lib/bytes.ts";

/** A file to serve. */
export interface StaticFile {
  /** As the bundler gave it. */
  readonly location: string;
  readonly contentType: string;
}

interface Loaded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** Returns a function that answers requests for `file`, reading it once. */
export function serveFile({ location, contentType }: StaticFile) {
  let loading: Promise<Loaded> | undefined;
  return async ({ request }: { request: Request }): Promise<Response> => {
    loading ??= load(location);
    const { bytes, etag } = await loading;
    const headers = { "content-type": contentType, "cache-control": "no-cache", etag };
    const isKnown = request.headers.get("if-none-match") === etag;
    return new Response(isKnown ? null : bytes, { status: isKnown ? 304 : 200, headers });
  };
}

async function load(location: string): Promise<Loaded> {
  const bytes = new Uint8Array(await Bun.file(location).arrayBuffer());
  return { bytes, etag: `"${toHex(sha256(bytes)).slice(0, 32)}"` };
}
