/**
 * Checks a whole stored chain again: every block through the one door of a fresh chain.
 *
 * Nothing of the stored state is believed but the blocks themselves; the coins that come out are
 * compared with the stored ones.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Chain } from "../chain/chain.ts";
import { ScriptVerifier } from "../chain/script-verifier.ts";
import type { Network } from "../consensus/params.ts";
import type { SignatureVerifier } from "../crypto/signature-verifier.ts";
import { equalBytes } from "../lib/bytes.ts";
import { DecodeError, decodeAll } from "../lib/codec.ts";
import { SILENT_LOGGER } from "../lib/logger.ts";
import { decodeBlock } from "../primitives/block.ts";
import { closeChainDatabase, openChainDatabase } from "../storage/database.ts";
import type { StoredChain } from "./stored-chain.ts";

/** What a verification found. `wrong` is the first thing that was. */
export type VerifyResult =
  | { readonly status: "valid"; readonly blocks: number }
  | {
      readonly status: "invalid";
      readonly height: number;
      readonly code: string;
      readonly wrong: string;
    };

/** Blocks after which the caller gets to show progress and to be interrupted. */
const BATCH_BLOCKS = 64;

/**
 * Replays `stored` from genesis, scripts included. `onProgress` is told the height reached. `now` is
 * in milliseconds.
 */
export async function verifyChain({
  stored,
  network,
  signatures,
  now,
  onProgress,
}: {
  stored: StoredChain;
  network: Network;
  signatures: SignatureVerifier;
  now: () => number;
  onProgress: (height: number) => void;
}): Promise<VerifyResult> {
  const folder = mkdtempSync(join(tmpdir(), "cairn-verify-"));
  const database = openChainDatabase(join(folder, "replay.db"), {
    network: network.name,
    genesis: network.genesis.hash,
  });
  // Thrown away afterwards: no need to wait for the disk.
  database.run("PRAGMA synchronous = OFF");
  try {
    const scripts = new ScriptVerifier(signatures);
    const chain = new Chain({ network, database, scripts, now, log: SILENT_LOGGER });
    return await replay(stored, chain, onProgress);
  } finally {
    closeChainDatabase(database);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function replay(
  stored: StoredChain,
  chain: Chain,
  onProgress: (height: number) => void,
): Promise<VerifyResult> {
  for (const { height, hash, bytes } of stored.blocks(1)) {
    const wrong = checkStoredBlock(chain, hash, bytes);
    if (wrong !== undefined) return { status: "invalid", height, ...wrong };
    if (height % BATCH_BLOCKS === 0) {
      onProgress(height);
      await Bun.sleep(0);
    }
  }
  onProgress(stored.height);

  if (!equalBytes(chain.coins.digest(), stored.coinDigest())) {
    return {
      status: "invalid",
      height: stored.height,
      code: "coins-differ",
      wrong: "the stored coins are not those that the blocks make",
    };
  }
  return { status: "valid", blocks: stored.height };
}

function checkStoredBlock(
  chain: Chain,
  hash: string,
  bytes: Uint8Array,
): { code: string; wrong: string } | undefined {
  try {
    const block = decodeAll(bytes, decodeBlock);
    if (block.hash !== hash) {
      return { code: "block-damaged", wrong: `the stored bytes of ${hash} hash to ${block.hash}` };
    }
    const verdict = chain.submitBlock(block);
    if (verdict.status === "connected") return undefined;
    if (verdict.status !== "invalid") {
      return { code: verdict.status, wrong: `block ${hash} does not extend the one before it` };
    }
    return { code: verdict.error.code, wrong: verdict.error.message };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { code: "block-damaged", wrong: `the stored bytes of ${hash} are no block` };
  }
}
