/**
 * The sockets of the push API as the engine's server has them: no protocol, only its handlers.
 *
 * What is said over them is the business of live-hub.ts.
 */

import type { LiveSocket } from "./live-client.ts";
import { type LiveHub, type LivePlace, MAX_LIVE_MESSAGE_BYTES } from "./live-hub.ts";

/** Bytes that may wait for one client in this process; what comes beyond them is refused. */
export const MAX_SOCKET_BYTES = 1024 * 1024;

/** Seconds of silence after which the server itself gives a client up: pings come far sooner. */
const IDLE_TIMEOUT_SECONDS = 120;

/** Returns the handlers of a server whose sockets belong to places that `hub` gave. */
export function liveHandlers(hub: LiveHub): Bun.WebSocketHandler<LivePlace> {
  return {
    maxPayloadLength: MAX_LIVE_MESSAGE_BYTES,
    backpressureLimit: MAX_SOCKET_BYTES,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    sendPings: false,
    perMessageDeflate: false,
    open: (socket) => hub.open(socket.data, wrap(socket)),
    message: (socket, message) => hub.receive(socket.data, message),
    drain: (socket) => hub.drained(socket.data),
    pong: (socket) => hub.heard(socket.data),
    ping: (socket) => hub.heard(socket.data),
    close: (socket) => hub.leave(socket.data),
  };
}

function wrap(socket: Bun.ServerWebSocket<LivePlace>): LiveSocket {
  return {
    // 0 is a message dropped; of a socket that is closed already, nobody has to be told.
    send: (text) => socket.readyState !== WebSocket.OPEN || socket.sendText(text) !== 0,
    bufferedBytes: () => socket.getBufferedAmount(),
    together: (run) => socket.cork(run),
    ping: () => socket.ping(),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  };
}
