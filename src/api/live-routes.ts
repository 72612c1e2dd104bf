/**
 * What is said of the push API where routes are described, and to those who ask without a socket.
 *
 * The sockets themselves are opened by gate.ts, before any route.
 */

import { LIVE_PATH } from "./access.ts";
import { SEND_WINDOW_BYTES, STALL_MS } from "./live-client.ts";
import {
  LIVE_MESSAGE_RATE,
  LIVE_PING_MS,
  MAX_LIVE_CLIENTS,
  MAX_LIVE_CLIENTS_PER_ADDRESS,
  MAX_LIVE_MESSAGE_BYTES,
} from "./live-hub.ts";
import { MAX_LIVE_BYTES, MAX_LIVE_EVENTS } from "./live-log.ts";
import { LIVE_TOPICS, LiveMessage, MAX_LIVE_TOPICS } from "./live-schemas.ts";
import { describe } from "./operation.ts";
import { ApiError } from "./problem.ts";
import { createRouter } from "./router.ts";

export function liveRoutes() {
  return createRouter("live").get(
    LIVE_PATH,
    () => {
      throw new ApiError({
        status: 426,
        code: "upgrade-needed",
        detail: "Open this as a WebSocket.",
        headers: { upgrade: "websocket" },
      });
    },
    LIVE,
  );
}

const LIVE = describe({
  tag: "Live",
  summary: "Events as they happen (WebSocket)",
  description:
    'A WebSocket on which the node tells what happens. Say `{"op":"subscribe","topics":["blocks"]}`; ' +
    "the answer is `subscribed` with all topics that you have, the number `seq` of the last event, " +
    "and `boot`, which names this run of the node. Then events come as " +
    "`{topic, seq, time, event, data}`, with the views of this document as data.\n\n" +
    `Topics are ${LIVE_TOPICS.map((topic) => `\`${topic}\``).join(", ")}, and \`address:\` with an ` +
    `address of this network; at most ${MAX_LIVE_TOPICS} for one client. Events of \`blocks\` are ` +
    "`block-connected` and `block-disconnected`; of `reorgs` `reorg`, after its blocks; of " +
    "`transactions` `transaction-accepted` and `transaction-removed`; of `mempool` " +
    "`mempool-changed`, at most four a second; of `peers` `peer-connected` and " +
    "`peer-disconnected`; of `mining` `mining-progress`, each second while there is work; of " +
    "`stats` `stats`, each second; of an address `address-touched`.\n\n" +
    "`seq` rises by one with every event of the node, whatever its topic. After a lost connection " +
    "subscribe with `since`, the last `seq` you have, and its `boot`: what you missed is sent first. " +
    `The node keeps ${MAX_LIVE_EVENTS.toLocaleString("en")} events and ${MAX_LIVE_BYTES >> 20} MiB. ` +
    "Where that does not reach back, where the node was started anew, and where you read too " +
    "slowly, a `gap` says which events will not come: ask for the state by the other routes. What " +
    "an address missed is known only from when somebody first watched it.\n\n" +
    '`{"op":"unsubscribe","topics":[...]}` ends some topics, without `topics` all; `{"op":"ping"}` ' +
    "gives a `pong`. What is not understood gives an `error` with a `code` and ends nothing.\n\n" +
    `A message has at most ${MAX_LIVE_MESSAGE_BYTES >> 10} KiB (else close code 1009), and ` +
    `${LIVE_MESSAGE_RATE.perSecond} may come in a second (1008). For a client that does not read, ` +
    `${SEND_WINDOW_BYTES >> 10} KiB wait, and after ${STALL_MS / 1000} s it is closed (1013). A ping ` +
    `that is not answered within ${LIVE_PING_MS / 1000} s ends the connection, and 1001 says that ` +
    `the node stops. There may be ${MAX_LIVE_CLIENTS} clients, ${MAX_LIVE_CLIENTS_PER_ADDRESS} from ` +
    "one address unless it is of this machine or has the token. Pages of other sites are refused.",
  answers: { 101: { description: "The socket is open; it says these.", schema: LiveMessage } },
  problems: [400, 403, 426],
});
