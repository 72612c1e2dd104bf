/**
 * Fills the status page from the API every few seconds, for as long as somebody looks.
 *
 * Everything that comes from the chain is set as text, never as markup: a miner may call itself
 * anything.
 */

const REFRESH_MS = 3_000;
const BLOCKS_SHOWN = 12;
const NODES_SHOWN = 8;
const SATS_PER_COIN = 100_000_000;

const UNITS = ["", "k", "M", "G", "T", "P"];

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}

/** @param {string} id @param {string} text */
function show(id, text) {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}

/** @param {number} value @param {number} base */
function scaled(value, base = 1000) {
  let unit = 0;
  let rest = value;
  while (rest >= base && unit < UNITS.length - 1) {
    rest /= base;
    unit += 1;
  }
  const digits = unit === 0 || rest >= 100 ? 0 : 1;
  return `${rest.toFixed(digits)} ${UNITS[unit]}`;
}

/** @param {number} seconds */
function duration(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** @param {number | null} sats */
function coins(sats) {
  return sats === null ? "–" : String(sats / SATS_PER_COIN);
}

/** @param {number} difficulty */
function difficultyText(difficulty) {
  return difficulty >= 1 ? scaled(difficulty) : difficulty.toPrecision(3);
}

/** @param {string} path */
async function ask(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

/** @param {any} status */
function showStatus(status) {
  document.title = `Cairn · ${status.height.toLocaleString("en")}`;
  show("network", `${status.network} · version ${status.version}`);
  show("height", status.height.toLocaleString("en"));
  show("tip-age", status.height === 0 ? "Genesis" : `${age(status, status.tipTime)} ago`);
  show("difficulty", difficultyText(status.difficulty));
  show("bits", `bits ${status.bits}`);
  show("hashrate", `${scaled(status.hashrate.own)}H/s`);
  show("network-hashrate", `network ${scaled(status.hashrate.network)}H/s`);
  show("mempool", status.mempool.count.toLocaleString("en"));
  show("feerate", `from ${status.mempool.minFeerate} sat/vB`);
  show("peers", status.peers.total.toLocaleString("en"));
  show("peer-directions", `${status.peers.inbound} in, ${status.peers.outbound} out`);
  show("node-id", status.nodeId ?? "–");
  show("mining", status.mining.running ? "On" : "Off");
  show(
    "found",
    `${status.mining.blocksFound} found, ${status.mining.threads} ${status.mining.threads === 1 ? "thread" : "threads"}`,
  );
  show("uptime", duration(status.uptimeSeconds));
  const memory = `${scaled(status.memoryBytes, 1024)}B`;
  show("resources", `${memory} memory, ${scaled(status.databaseBytes, 1024)}B disk`);
  show("tip", status.tip);
  show("genesis", status.genesis);
  show("payout", status.mining.address ?? "–");
  showWarnings(status.warnings);
  showSync(status);
  showAlone(status.alone);
}

/** @param {any} status */
function showSync({ height, sync }) {
  element("sync").hidden = !sync.isSyncing;
  if (!sync.isSyncing) return;
  element("sync-bar").setAttribute("value", String(sync.progress));
  const parts = [
    `${height.toLocaleString("en")} of ${sync.headers.toLocaleString("en")} blocks`,
    `${sync.blocksPerSecond.toLocaleString("en")} a second`,
  ];
  if (sync.estimatedSeconds !== null) parts.push(`about ${duration(sync.estimatedSeconds)} left`);
  show("sync-text", parts.join(", "));
}

/** @param {{ reasons: { detail: string }[], advice: string } | null} alone */
function showAlone(alone) {
  element("alone").hidden = alone === null;
  if (alone === null) return;
  element("alone-reasons").replaceChildren(...alone.reasons.map(({ detail }) => listItem(detail)));
  show("alone-advice", alone.advice);
}

/** @param {{ time: number }} status @param {number} time */
function age(status, time) {
  return duration(status.time / 1000 - time);
}

/** @param {string[]} warnings */
function showWarnings(warnings) {
  const list = element("warnings");
  list.hidden = warnings.length === 0;
  list.replaceChildren(...warnings.map(listItem));
}

/** @param {string} text */
function listItem(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}

/** @param {any} status @param {{ count: number, nodes: any[] }} known */
function showNodes(status, { count, nodes }) {
  const rows = nodes.map((node) => nodeRow(status, node));
  if (count > nodes.length) rows.push(noteRow(`and ${count - nodes.length} more: /api/nodes`));
  if (count === 0) rows.push(noteRow("None"));
  element("nodes").replaceChildren(...rows);
}

/** @param {string} text */
function noteRow(text) {
  const row = document.createElement("tr");
  const note = cell(text, "muted");
  note.setAttribute("colspan", "6");
  row.append(note);
  return row;
}

/** @param {any} status @param {any} node */
function nodeRow(status, node) {
  const row = document.createElement("tr");
  const id = `${node.nodeId.slice(0, 8)}…${node.nodeId.slice(-6)}`;
  row.append(
    cell(node.name === "" ? id : node.name, node.name === "" ? "hash" : ""),
    cell(nodeAddress(node), "hash"),
    cell(nodeState(status, node)),
    cell(node.height === null ? "–" : node.height.toLocaleString("en"), "number"),
    cell(node.peerCount === null ? "–" : String(node.peerCount), "number"),
    cell(node.hashrate === null ? "–" : `${scaled(node.hashrate)}H/s`, "number"),
  );
  row.title = node.nodeId;
  return row;
}

/** @param {{ host: string | null, port: number | null }} node */
function nodeAddress({ host, port }) {
  if (host === null) return "–";
  const shown = host.includes(":") ? `[${host}]` : host;
  return port === null ? shown : `${shown}:${port}`;
}

/** @param {any} status @param {any} node */
function nodeState(status, { self, connected, lastSeen }) {
  if (self) return "This node";
  return connected ? "Connected" : `Seen ${age(status, lastSeen / 1000)} ago`;
}

/** @param {any} status @param {any[]} blocks */
function showBlocks(status, blocks) {
  element("blocks").replaceChildren(...blocks.map((block) => blockRow(status, block)));
}

/** @param {any} status @param {any} block */
function blockRow(status, block) {
  const row = document.createElement("tr");
  const link = document.createElement("a");
  link.href = `/api/block/${block.hash}`;
  link.textContent = `${block.hash.slice(0, 10)}…${block.hash.slice(-8)}`;
  const by = [block.miner.tag, block.miner.stream].filter((part) => part !== "").join(" ");
  const found = block.height === 0 ? "–" : `${age(status, block.time)} ago`;
  row.append(
    cell(block.height.toLocaleString("en"), "number"),
    cell(link, "hash"),
    cell(found),
    cell(by === "" ? "–" : by),
    cell(String(block.transactionCount), "number"),
    cell(`${scaled(block.size, 1024)}B`, "number"),
    cell(coins(block.totalFees), "number"),
  );
  return row;
}

/** @param {string | Node} content @param {string} className */
function cell(content, className = "") {
  const found = document.createElement("td");
  found.className = className;
  found.append(content);
  return found;
}

/** @param {"good" | "bad"} kind @param {string} text */
function showState(kind, text) {
  element("state").className = `state ${kind}`;
  show("state", text);
}

async function refresh() {
  try {
    const [status, chain, known] = await Promise.all([
      ask("/api/status"),
      ask(`/api/blockchain?limit=${BLOCKS_SHOWN}`),
      ask(`/api/nodes?limit=${NODES_SHOWN}`),
    ]);
    showStatus(status);
    showBlocks(status, chain.blocks);
    showNodes(status, known);
    showState("good", status.sync.state === "synced" ? "Up to date" : "Syncing");
  } catch {
    showState("bad", "No answer from the node");
  }
}

async function keepFresh() {
  for (;;) {
    if (!document.hidden) await refresh();
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
  }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void refresh();
});
void keepFresh();
