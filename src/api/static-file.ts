/**
 * Files that are part of the program, served from memory: a path is a key of a map, never a path on
 * a disk.
 *
 * Each is compressed once and kept both ways. What is in them is the business of public/.
 */

import { sha256 } from "../crypto/hash.ts";
import { toHex } from "../lib/bytes.ts";

/** A file to serve. */
export interface StaticFile {
  /** As the bundler gave it: a place inside the binary, or from source the file itself. */
  readonly location: string;
  readonly contentType: string;
}

/** The bytes of a file as they are sent, and their name for caches. */
interface Encoded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** A file in memory, ready to be sent plain or compressed. */
export interface LoadedFile {
  readonly contentType: string;
  readonly plain: Encoded;
  readonly gzip: Encoded;
}

/** Returns a function that answers requests for `file`, reading it once. */
export function serveFile({ location, contentType }: StaticFile) {
  let loading: Promise<LoadedFile> | undefined;
  return async ({ request }: { request: Request }): Promise<Response> => {
    loading ??= Bun.file(location)
      .arrayBuffer()
      .then((buffer) => loadFile(new Uint8Array(buffer), contentType));
    return answerWith(await loading, request);
  };
}

/** Makes `bytes` ready to be sent. */
export function loadFile(bytes: Uint8Array<ArrayBuffer>, contentType: string): LoadedFile {
  const tag = toHex(sha256(bytes)).slice(0, 32);
  return {
    contentType,
    plain: { bytes, etag: `"${tag}"` },
    // Other bytes than the plain ones, so another name.
    gzip: { bytes: Bun.gzipSync(bytes, { level: 9 }), etag: `"${tag}-gzip"` },
  };
}

/** Returns the answer to a request for `file`: nothing but its name to who has it already. */
export function answerWith({ contentType, plain, gzip }: LoadedFile, request: Request): Response {
  const isCompressed = acceptsGzip(request.headers.get("accept-encoding"));
  const { bytes, etag } = isCompressed ? gzip : plain;
  const isKnown = request.headers.get("if-none-match") === etag;
  return new Response(isKnown ? null : bytes, {
    status: isKnown ? 304 : 200,
    headers: {
      "content-type": contentType,
      "cache-control": "no-cache",
      vary: "Accept-Encoding",
      etag,
      ...(isCompressed && !isKnown ? { "content-encoding": "gzip" } : {}),
    },
  });
}

/** True if `header` names gzip and does not refuse it with a quality of zero. */
function acceptsGzip(header: string | null): boolean {
  return (header ?? "").split(",").some((part) => {
    const [name = "", ...parameters] = part.split(";").map((word) => word.trim().toLowerCase());
    return name === "gzip" && !parameters.some((word) => /^q=0(?:\.0*)?$/.test(word));
  });
}
