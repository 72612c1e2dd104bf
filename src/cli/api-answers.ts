/**
 * The shapes of the API's answers, as far as the commands print them.
 *
 * The API's own schemas are in api/; what stands here is what a person is shown, and nothing else
 * may be relied on. Amounts are in sat, times in seconds since 1970, hashes in hex.
 */

/** GET /api/status */
export interface StatusAnswer {
  readonly name: string;
  readonly version: string;
  readonly network: string;
  readonly genesis: string;
  readonly height: number;
  readonly tip: string;
  readonly tipTime: number;
  readonly chainwork: string;
  readonly difficulty: number;
  readonly bits: string;
  readonly target: string;
  readonly hashrate: { readonly own: number; readonly network: number };
  readonly mempool: {
    readonly count: number;
    readonly bytes: number;
    readonly minFeerate: number;
  };
  readonly nodeId: string | null;
  readonly nodeName: string;
  readonly p2pPort: number | null;
  readonly peers: {
    readonly inbound: number;
    readonly outbound: number;
    readonly total: number;
  };
  readonly alone: AloneAnswer | null;
  readonly sync: {
    readonly state: string;
    readonly progress: number;
    readonly isSyncing: boolean;
    readonly headers: number;
    readonly blocksPerSecond: number;
    readonly estimatedSeconds: number | null;
  };
  readonly mining: {
    readonly running: boolean;
    readonly threads: number;
    readonly address: string | null;
    readonly blocksFound: number;
  };
  readonly signatures: string;
  readonly uptimeSeconds: number;
  readonly memoryBytes: number;
  readonly databaseBytes: number;
  readonly warnings: readonly string[];
}

/** Why a node has no peers. */
export interface AloneAnswer {
  readonly reasons: readonly { readonly code: string; readonly detail: string }[];
  readonly advice: string;
}

/** One peer; times in milliseconds. */
export interface PeerAnswer {
  readonly id: number;
  readonly nodeId: string | null;
  readonly name: string;
  readonly address: string;
  readonly kind: string;
  readonly direction: string;
  readonly userAgent: string;
  readonly height: number;
  readonly connectedSince: number;
  readonly pingMs: number | null;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

/** GET /api/peers */
export interface PeersAnswer {
  readonly inbound: number;
  readonly outbound: number;
  readonly total: number;
  readonly peers: readonly PeerAnswer[];
  readonly manual: readonly {
    readonly address: string;
    readonly connected: boolean;
    readonly problem: { readonly code: string; readonly detail: string } | null;
  }[];
  readonly cursor: string | null;
}

/** POST /api/peers */
export interface ConnectAnswer {
  readonly status: "connected" | "unreachable" | "refused";
  readonly address: string;
  readonly detail: string;
  readonly peer: PeerAnswer | null;
}

/** DELETE /api/peers/{id} */
export interface DisconnectAnswer {
  readonly disconnected: number;
  readonly forgotten: boolean;
}

/** POST /api/peers/{id}/ban; `until` in milliseconds since 1970. */
export interface BanAnswer {
  readonly host: string;
  readonly until: number;
  readonly reason: string;
}

/** GET /api/peers/bans */
export interface BansAnswer {
  readonly bans: readonly BanAnswer[];
  readonly discouraged: readonly { readonly host: string; readonly secondsLeft: number }[];
  readonly cursor: string | null;
}

/** GET /api/nodes */
export interface NodesAnswer {
  readonly count: number;
  readonly addressCount: number;
  readonly nodes: readonly NodeAnswer[];
  readonly cursor: string | null;
}

/** A node as it describes itself; null: it has not. `lastSeen` in milliseconds since 1970. */
export interface NodeAnswer {
  readonly nodeId: string;
  readonly name: string;
  readonly host: string | null;
  readonly port: number | null;
  readonly height: number | null;
  readonly peerCount: number | null;
  readonly hashrate: number | null;
  readonly lastSeen: number;
  readonly connected: boolean;
  readonly self: boolean;
}

/** A block without its transactions. */
export interface BlockSummary {
  readonly hash: string;
  readonly height: number;
  readonly version: number;
  readonly previousHash: string | null;
  readonly merkleRoot: string;
  readonly time: number;
  readonly bits: string;
  readonly nonce: number;
  readonly difficulty: number;
  readonly target: string;
  readonly chainwork: string;
  readonly size: number;
  readonly weight: number;
  readonly transactionCount: number;
  readonly totalFees: number | null;
  readonly subsidy: number;
  readonly miner: { readonly tag: string | null; readonly address: string | null };
  readonly confirmations: number;
  readonly status: string;
  readonly receivedAt: number | null;
  readonly nextHash: string | null;
}

/** GET /api/blockchain: newest first. */
export interface BlockchainAnswer {
  readonly height: number;
  readonly blocks: readonly BlockSummary[];
  readonly cursor: string | number | null;
}

/** GET /api/block/{index or hash} */
export interface BlockAnswer extends BlockSummary {
  readonly transactions: readonly TransactionAnswer[];
}

/** GET /api/transactions/{txid} */
export interface TransactionAnswer {
  readonly txid: string;
  readonly wtxid: string;
  readonly version: number;
  readonly lockTime: number;
  readonly size: number;
  readonly virtualSize: number;
  readonly weight: number;
  readonly fee: number | null;
  readonly feerate: number | null;
  readonly status: "mempool" | "confirmed";
  readonly confirmations: number;
  readonly blockHash: string | null;
  readonly blockHeight: number | null;
  /** Milliseconds since 1970. */
  readonly timestamp: number | null;
  readonly inputs: readonly TransactionInput[];
  readonly outputs: readonly TransactionOutput[];
}

/** An input; the one of a coinbase spends nothing and has no `address` or `amount`. */
export interface TransactionInput {
  readonly txid: string;
  readonly vout: number;
  readonly address: string | null;
  readonly amount: number | null;
}

export interface TransactionOutput {
  readonly index: number;
  readonly address: string | null;
  readonly amount: number;
  readonly type: string;
  readonly spentBy: unknown;
}

/** POST /api/transactions */
export interface SubmitAnswer {
  readonly txid: string;
}

/** POST /api/transactions/test */
export interface TestAnswer {
  readonly accepted: boolean;
  readonly txid?: string;
  readonly fee?: number | null;
  readonly feerate?: number | null;
  readonly virtualSize?: number;
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** GET /api/mempool */
export interface MempoolAnswer {
  readonly count: number;
  readonly bytes: number;
  readonly minFeerate: number;
  readonly histogram: readonly {
    readonly feerate: number;
    readonly count: number;
    readonly virtualSize: number;
  }[];
  readonly nextBlock: { readonly count: number; readonly weight: number; readonly fees: number };
}

/** GET /api/mining/template: the block to be mined, all but its coinbase and nonce. */
export interface TemplateAnswer {
  readonly id: string;
  readonly previousHash: string;
  readonly height: number;
  readonly version: number;
  /** Compact target, 8 hexadecimal digits. */
  readonly bits: string;
  readonly time: number;
  readonly minTime: number;
  readonly coinbaseValue: number;
  readonly totalFees: number;
  readonly commitment: string;
  readonly merkleBranch: readonly string[];
  readonly transactions: readonly { readonly hex: string }[];
}

/** POST /api/mining/submit: what became of a block. */
export interface SubmitBlockAnswer {
  readonly status: "connected" | "side-branch" | "duplicate" | "orphan";
  readonly hash: string;
}
