/**
 * All that is said about blocks, put together: learning of chains, fetching, relaying, giving.
 *
 * The composition of its conversations and nothing else; each is in a file of its own.
 */

import { BlockAnnouncer } from "./block-announcer.ts";
import { BlockDownload } from "./block-download.ts";
import { BlockIntake } from "./block-intake.ts";
import { BlockRelay } from "./block-relay.ts";
import { BlockRequests } from "./block-requests.ts";
import { BlockServer } from "./block-server.ts";
import { ChainServer } from "./chain-server.ts";
import type { Conversation, ConversationContext } from "./conversation.ts";
import type { KnownHeader } from "./header-entries.ts";
import { type HeaderLimits, HeaderSync } from "./header-sync.ts";
import { PeerKnowledge } from "./peer-knowledge.ts";
import { Propagation } from "./propagation.ts";
import { RecentBlock } from "./recent-block.ts";
import { type SyncProgress, SyncProgressMeter } from "./sync-progress.ts";

/** The conversations about blocks, and what others may know of them. */
export interface BlockSync {
  readonly conversations: readonly Conversation[];
  /** Shared with those who relay transactions; its conversation is among the others. */
  readonly propagation: Propagation;
  /** How far we have caught up. */
  progress(): SyncProgress;
  /** The header with the most work that is known. */
  bestHeader(): KnownHeader;
  /** What is held at the moment, each within its bound. */
  load(): BlockSyncLoad;
}

/** Figures for those who watch over the bounds. */
export interface BlockSyncLoad {
  readonly treeHeaders: number;
  readonly requests: number;
  readonly heldBlocks: number;
  readonly heldBytes: number;
  readonly partialBlocks: number;
}

/**
 * Makes the conversations about blocks; each stops with `Conversation.stop`. `limits` are for those
 * who want to see what happens at them.
 */
export function makeBlockConversations(
  context: ConversationContext,
  limits?: HeaderLimits,
): BlockSync {
  const { chain } = context.node;
  const headers = new HeaderSync(context, limits);
  const knowledge = new PeerKnowledge(headers.tree, chain.index);
  const requests = new BlockRequests();
  const intake = new BlockIntake(context, headers.tree);
  const recent = new RecentBlock(context);
  const propagation = new Propagation(context.clock);
  const blocksBehind = () => headers.blocksBehind();

  const download: BlockDownload = new BlockDownload(context, {
    headers,
    requests,
    intake,
    supportsCompact: (peer) => relay.supportsCompact(peer),
  });
  const relay = new BlockRelay(context, { headers, requests, intake, download });
  const chainServer = new ChainServer(context, { knowledge, blocksBehind });
  const blockServer = new BlockServer(context, recent);
  const meter = new SyncProgressMeter(context, headers);
  const announcer = new BlockAnnouncer(context, {
    knowledge,
    propagation,
    recent,
    intake,
    blocksBehind,
    wantsCompact: (peer) => relay.wantsCompact(peer),
    prefersHeaders: (peer) => chainServer.prefersHeaders(peer),
  });

  // Those without messages of their own end with the others.
  const silent: Conversation = {
    commands: [],
    peerReady() {},
    peerClosed() {},
    receive() {},
    stop() {
      for (const part of [announcer, meter, recent]) part.stop();
    },
  };
  return {
    conversations: [propagation, download, relay, headers, chainServer, blockServer, silent],
    propagation,
    progress: () => meter.progress(),
    bestHeader: () => headers.best(),
    load: () => ({
      treeHeaders: headers.tree.size,
      requests: requests.count,
      heldBlocks: download.held.count,
      heldBytes: download.held.bytes,
      partialBlocks: relay.waitingCount,
    }),
  };
}
