/**
 * The sockets of the API: one server for each address listened on.
 *
 * Never shares a port: a second node that asks for a taken one is told so. Knows nothing of what is
 * asked; that begins at gate.ts.
 */

import { toHex } from "../lib/bytes.ts";
import type { Config } from "../node/config.ts";
import type { Node } from "../node/node.ts";
import { isLoopbackHost } from "../node/settings.ts";
import { SYSTEM_RANDOM } from "../node/system-random.ts";
import { formatAddress, parseAddress } from "../primitives/address.ts";
import { createApp } from "./app.ts";
import { Gate } from "./gate.ts";
import { LiveFeed } from "./live-feed.ts";
import { LiveHub, type LivePlace } from "./live-hub.ts";
import { liveHandlers } from "./live-socket.ts";
import { Metrics } from "./metrics.ts";

/** The settings that the API reads. */
export type ApiSettings = Pick<
  Config,
  "apiHost" | "port" | "apiExpose" | "apiAllowHost" | "corsOrigin" | "walletRemote" | "minerTag"
>;

/** What an API is made from. */
export interface ApiOptions {
  readonly node: Node;
  readonly settings: ApiSettings;
  /** What programs present as `Authorization: Bearer`. */
  readonly token: string;
  readonly version: string;
}

/** A listening API. */
export interface ApiServer {
  /** Where to ask, without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, lets those in work end, and closes. */
  stop(): Promise<void>;
}

/** The port is taken; another may be free. */
export class PortInUseError extends Error {
  override readonly name = "PortInUseError";
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, options: ErrorOptions) {
    super(`port ${port} on ${host} is in use`, options);
    this.host = host;
    this.port = port;
  }
}

/** Bytes of what names one run of a node. */
const BOOT_BYTES = 8;

/** Seconds without a byte after which a connection is closed. */
const IDLE_TIMEOUT_SECONDS = 10;

/** Bytes beyond which Bun itself refuses a body; every route's own limit is below. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

/** Milliseconds that requests in work have to end when the API stops. */
const STOP_TIMEOUT_MS = 2_000;

/** Ports tried one after the other by startApiOnFreePort. */
const PORTS_TRIED = 100;

/** Attempts to find a port that is free on both loopback addresses. */
const RANDOM_PORT_ATTEMPTS = 10;

/** Starts to listen; PortInUseError if the port is taken, another Error if the address is bad. */
export async function startApi(options: ApiOptions): Promise<ApiServer> {
  const { apiHost, port } = options.settings;
  const attempts = port === 0 ? RANDOM_PORT_ATTEMPTS : 1;
  for (let attempt = 1; ; attempt++) {
    try {
      return openSockets(options, apiHost, port);
    } catch (error) {
      if (!(error instanceof PortInUseError) || attempt >= attempts) throw error;
    }
  }
}

/** As startApi; if `mayMove`, on the first free port from the one in the settings on. */
export async function startApiOnFreePort(
  options: ApiOptions,
  mayMove: boolean,
): Promise<ApiServer> {
  const { settings } = options;
  const last = mayMove ? Math.min(65_535, settings.port + PORTS_TRIED - 1) : settings.port;
  for (let port = settings.port; ; port++) {
    try {
      return await startApi({ ...options, settings: { ...settings, port } });
    } catch (error) {
      if (!(error instanceof PortInUseError) || port >= last) throw error;
    }
  }
}

type Server = Bun.Server<LivePlace>;

type Handler = (request: Request, server: Server) => Promise<Response | undefined>;

/** What a server answers by. */
interface Handlers {
  readonly fetch: Handler;
  readonly websocket: Bun.WebSocketHandler<LivePlace>;
}

function openSockets(options: ApiOptions, host: string, port: number): ApiServer {
  const { node } = options;
  const hub = makeHub(node);
  // The gate knows its port only once there is a socket, and no request comes before.
  let answer: Handler = () => Promise.reject(new Error("not open yet"));
  const fetch: Handler = (request, server) => answer(request, server);

  let servers: Server[];
  try {
    servers = listen(host, port, { fetch, websocket: liveHandlers(hub) });
  } catch (error) {
    hub.stop();
    throw error;
  }
  const boundPort = servers[0]?.port;
  if (boundPort === undefined) throw new Error("no socket was opened");

  const feed = new LiveFeed(node, hub);
  answer = createHandler(options, { hub, feed }, boundPort);
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${boundPort}`,
    port: boundPort,
    stop: () => {
      feed.stop();
      hub.stop();
      return stopAll(servers, node);
    },
  };
}

function makeHub({ clock, log, network }: Node): LiveHub {
  const { addressPrefixes } = network;
  return new LiveHub({
    clock,
    log: log.for("api"),
    boot: toHex(SYSTEM_RANDOM.bytes(BOOT_BYTES)),
    readAddress: (text) => {
      const script = parseAddress(text, addressPrefixes);
      return { address: formatAddress(script, addressPrefixes) ?? text, script: toHex(script) };
    },
  });
}

function createHandler(
  { node, settings, token, version }: ApiOptions,
  { hub, feed }: { hub: LiveHub; feed: LiveFeed },
  port: number,
): Handler {
  const metrics = new Metrics(node);
  const app = createApp({ node, version, name: settings.minerTag, reorgs: feed.reorgs }, metrics);
  const gate = new Gate(
    {
      apiHost: settings.apiHost,
      port,
      isExposed: !isLoopbackHost(settings.apiHost),
      allowedHosts: settings.apiAllowHost,
      corsOrigins: settings.corsOrigin,
      sharesWallets: settings.walletRemote,
      maxBlockBytes: node.network.params.maxBlockWeight,
    },
    {
      token,
      clock: node.clock,
      metrics,
      routes: (request) => app.handle(request),
      sockets: hub,
    },
  );
  return async (request, server) => {
    const address = server.requestIP(request)?.address;
    // Nobody is there any more.
    if (address === undefined) return new Response(null, { status: 400 });
    return gate.handle(request, {
      address,
      waitLong: () => server.timeout(request, 0),
      upgrade: (place) => server.upgrade(request, { data: place }),
    });
  };
}

/** Browsers take `localhost` for either loopback address, so both are listened on. */
function listen(host: string, port: number, handlers: Handlers): Server[] {
  const serve = (hostname: string, onPort: number) =>
    Bun.serve<LivePlace>({
      ...handlers,
      hostname,
      port: onPort,
      reusePort: false,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      error: () => new Response(null, { status: 400 }),
    });

  const first = open(host === "localhost" ? "127.0.0.1" : host, port, serve);
  if (host !== "127.0.0.1" && host !== "localhost") return [first];
  try {
    const second = openIfThere("::1", first.port ?? port, serve);
    return second === undefined ? [first] : [first, second];
  } catch (error) {
    first.stop(true).catch(() => {});
    throw error;
  }
}

type Serve = (hostname: string, port: number) => Server;

function open(hostname: string, port: number, serve: Serve): Server {
  try {
    return serve(hostname, port);
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code === "EADDRINUSE") throw new PortInUseError(hostname, port, { cause });
    throw new Error(`cannot listen on ${hostname}, port ${port}: ${code ?? "refused"}`, { cause });
  }
}

/** Machines without IPv6 are common in containers. */
function openIfThere(hostname: string, port: number, serve: Serve) {
  try {
    return open(hostname, port, serve);
  } catch (error) {
    if (error instanceof PortInUseError) throw error;
    return undefined;
  }
}

async function stopAll(servers: readonly Server[], { clock }: Node): Promise<void> {
  const ended = Promise.all(servers.map((server) => server.stop(false)));
  const patience = Promise.withResolvers<void>();
  const cancel = clock.after(STOP_TIMEOUT_MS, () => patience.resolve());
  await Promise.race([ended, patience.promise]);
  cancel();
  for (const server of servers) server.stop(true).catch(() => {});
}
