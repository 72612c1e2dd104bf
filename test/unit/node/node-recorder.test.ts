/**
 * The recorder of nodes: how often it writes, and that nothing said at the end is lost.
 */

import { describe, expect, test } from "bun:test";
import type { NodeRecord } from "../../../src/index/index-messages.ts";
import { Emitter } from "../../../src/lib/emitter.ts";
import { RECORD_INTERVAL_MS, startNodeRecorder } from "../../../src/node/node-recorder.ts";
import { MAX_NODES, type NodeView, type TopologyEvents } from "../../../src/p2p/topology.ts";
import type { NodeId } from "../../../src/wire/node-id.ts";
import { VirtualClock } from "../../simulation/virtual-clock.ts";

function viewOf(number: number, changes: Partial<NodeView> = {}): NodeView {
  return {
    nodeId: `02${number.toString(16).padStart(64, "0")}` as NodeId,
    name: "",
    host: "10.0.0.1",
    port: undefined,
    apiPort: 0,
    height: undefined,
    tip: undefined,
    peerCount: undefined,
    hashRate: undefined,
    mempoolCount: undefined,
    mempoolBytes: undefined,
    lastSeen: 5,
    isConnected: true,
    isUs: false,
    ...changes,
  };
}

function startRecorder() {
  const clock = new VirtualClock();
  const events = new Emitter<TopologyEvents>();
  const written: (readonly NodeRecord[])[] = [];
  const stop = startNodeRecorder({
    topology: { events, nodes: () => [viewOf(0, { isUs: true, host: undefined })] },
    clock,
    record: (records) => written.push(records),
  });
  const change = (node: NodeView) => events.emit("node-changed", { node });
  return { clock, written, change, stop };
}

describe("the recorder of nodes", () => {
  test("writes what changed once an interval, the last word of each, this node first", () => {
    const { clock, written, change } = startRecorder();
    for (let height = 0; height < 100; height++) change(viewOf(1, { height }));
    change(viewOf(2));
    expect(written).toEqual([]);
    clock.pass(RECORD_INTERVAL_MS);
    expect(written).toHaveLength(1);
    expect(written[0]).toMatchObject([
      { isSelf: true, host: null },
      { height: 99, port: null, apiPort: null },
      { height: null },
    ]);
    clock.pass(10 * RECORD_INTERVAL_MS);
    expect(written).toHaveLength(1);
  });

  test("writes at the end what is still to be written, and nothing after it", () => {
    const { clock, written, change, stop } = startRecorder();
    change(viewOf(1, { isConnected: false }));
    stop();
    expect(written).toMatchObject([[{ isSelf: true }, { isConnected: false }]]);
    change(viewOf(2));
    clock.pass(10 * RECORD_INTERVAL_MS);
    expect(written).toHaveLength(1);
  });

  test("holds no more nodes than are remembered", () => {
    const { written, change, stop } = startRecorder();
    for (let number = 1; number <= MAX_NODES + 10; number++) change(viewOf(number));
    stop();
    expect(written[0]).toHaveLength(MAX_NODES + 1);
  });
});
