/**
 * A program for a host of its own: hands requests at a socket in the file system, which all hosts of
 * a machine share, on to the API of the node there, which listens on the host's own loopback.
 *
 * Arguments: the path of the socket, the API's URL.
 */

const [path, target] = process.argv.slice(2);
if (path === undefined || target === undefined) process.exit(2);

Bun.serve({
  unix: path,
  fetch: async (request, server) => {
    // Mining takes as long as it takes.
    server.timeout(request, 0);
    const { pathname, search } = new URL(request.url);
    const { method } = request;
    const body = method === "GET" ? null : await request.text();
    const headers = { "content-type": "application/json" };
    const answer = await fetch(target + pathname + search, { method, headers, body });
    return new Response(await answer.text(), { status: answer.status });
  },
});
console.log("ready");
