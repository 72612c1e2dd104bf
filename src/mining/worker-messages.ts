/**
 * What a miner worker and the thread that owns it say to each other.
 *
 * Types only, so that either side can import them without running the other. Everything here
 * survives a structured clone.
 */

/** One header to search: `nonceCount` nonces from `firstNonce`, at most 2^32 together. */
export interface MiningJob {
  /** Chosen by the sender and repeated in every answer about this job. */
  readonly id: number;
  /** 80 bytes; the nonce within is ignored. */
  readonly header: Uint8Array;
  /** 32 bytes, little-endian, the largest hash that counts. */
  readonly target: Uint8Array;
  readonly firstNonce: number;
  readonly nonceCount: number;
}

/**
 * What a miner worker accepts. `init` comes first and is answered by `ready`; `start` replaces the
 * job in progress; `stop` drops it. `cpu` is a number as in /proc/cpuinfo, a wish that may fail.
 */
export type MinerCommand =
  | { readonly type: "init"; readonly name: string; readonly cpu?: number }
  | { readonly type: "start"; readonly job: MiningJob }
  | { readonly type: "stop" };

/**
 * What a miner worker reports. `progress` counts the hashes since the last report of the same job,
 * comes about twice a second, and once more when the job ends, before `found` or `exhausted`: so
 * the counts of a job add up exactly. A replaced or stopped job ends with `progress` alone.
 */
export type MinerReport =
  | { readonly type: "ready" }
  | { readonly type: "found"; readonly jobId: number; readonly nonce: number }
  | { readonly type: "exhausted"; readonly jobId: number }
  | {
      readonly type: "progress";
      readonly jobId: number;
      readonly hashes: number;
      readonly elapsedMs: number;
    };
