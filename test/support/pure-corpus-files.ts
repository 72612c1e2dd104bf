/**
 * The files of published data that the pure corpus runs over, read with Node's own functions, so
 * that it can run outside Bun.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CorpusFileName, CorpusFiles } from "./pure-corpus-vectors.ts";

const BITCORE = "node_modules/bitcore-lib/test/data";

const PATHS: Readonly<Record<CorpusFileName, string>> = {
  scriptTests: `${BITCORE}/bitcoind/script_tests.json`,
  txValid: `${BITCORE}/bitcoind/tx_valid.json`,
  txInvalid: `${BITCORE}/bitcoind/tx_invalid.json`,
  sighash: `${BITCORE}/sighash.json`,
  scriptAssets: `${BITCORE}/bitcoind/script_assets_test.json`,
  blocks: `${BITCORE}/bitcoind/blocks.json`,
  testnetBlock: `${BITCORE}/blk86756-testnet.dat`,
  base58Valid: `${BITCORE}/bitcoind/base58_keys_valid.json`,
  base58Invalid: `${BITCORE}/bitcoind/base58_keys_invalid.json`,
  bip350: "test/vectors/bip350-addresses.json",
  difficulty: "test/vectors/difficulty-cairn.json",
  wycheproof: "test/vectors/wycheproof-ecdsa-secp256k1-bitcoin.json",
};

/**
 * Reads every file below the repository at `root`: the JSON parsed, the testnet block in hex. Of the
 * Taproot spends, which take most of the time, only every `assetsStep`-th is kept.
 */
export function readCorpusFiles(root: string, assetsStep: number): CorpusFiles {
  const files = Object.entries(PATHS).map(([name, path]) => {
    const bytes = readFileSync(join(root, path));
    const isJson = path.endsWith(".json");
    return [name, isJson ? JSON.parse(bytes.toString("utf8")) : bytes.toString("hex")];
  });
  const all = Object.fromEntries(files) as CorpusFiles;
  const scriptAssets = all.scriptAssets.filter(
    (_: unknown, index: number) => index % assetsStep === 0,
  );
  return { ...all, scriptAssets };
}
