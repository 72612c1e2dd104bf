/**
 * Chains as files: one JSON object a line, so that any tool can read them and none needs them whole.
 *
 * The first line says whose chain it is, each further one holds a block in hex, the last one says
 * that the file is complete. Reading trusts nothing: blocks enter by the chain's one door.
 */

import type { Chain } from "../chain/chain.ts";
import type { Network } from "../consensus/params.ts";
import { fromHex, toHex } from "../lib/bytes.ts";
import { DecodeError, decodeAll } from "../lib/codec.ts";
import { JsonError, type JsonObject, parseJson } from "../lib/json.ts";
import { type Block, decodeBlock } from "../primitives/block.ts";
import type { StoredChain } from "./stored-chain.ts";

const FORMAT = "cairn-chain";
const FORMAT_VERSION = 1;

/** A file that is no archive of this network's chain; the message names the line. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

/** What an import did. */
export interface ImportResult {
  /** Blocks that became part of the chain, or of a branch. */
  readonly added: number;
  /** Blocks that were there already. */
  readonly known: number;
}

/** Yields the lines of an archive of `stored`, each with its line feed. */
export function* archiveLines(stored: StoredChain, network: Network): Generator<string> {
  const { name, genesis } = network;
  const head = { format: FORMAT, version: FORMAT_VERSION, network: name, genesis: genesis.hash };
  yield line({ ...head, height: stored.height });
  for (const { height, hash, bytes } of stored.blocks(1)) {
    yield line({ height, hash, block: toHex(bytes) });
  }
  yield line({ end: true, blocks: stored.height });
}

/**
 * Submits the blocks of an archive to `chain`. What was read before an error stays: a second import
 * goes on from there. ArchiveError on anything that is not a whole archive of this network.
 */
export async function importArchive(
  lines: AsyncIterable<string>,
  chain: Chain,
  onProgress: (height: number, total: number) => void,
): Promise<ImportResult> {
  let number = 0;
  let total = 0;
  let added = 0;
  let known = 0;
  let isComplete = false;

  for await (const text of lines) {
    number += 1;
    const record = parseLine(text, number);
    if (number === 1) {
      total = readHead(record, chain.network);
      continue;
    }
    if (isComplete) throw new ArchiveError(`line ${number}: more after the last line`);
    if (record.end === true) {
      isComplete = true;
      continue;
    }
    if (submitRecord(record, number, chain)) added += 1;
    else known += 1;
    onProgress(number - 1, total);
  }

  if (!isComplete) throw new ArchiveError(`line ${number}: the file ends before its last line`);
  return { added, known };
}

/** Longest line that can be right: the largest block in hex, and what stands around it. */
export function maxLineLength({ params }: Network): number {
  return 2 * params.maxBlockWeight + 1_000;
}

/** Splits a stream of bytes into lines; ArchiveError if one is longer than `maxLength`. */
export async function* splitLines(
  stream: AsyncIterable<Uint8Array>,
  maxLength: number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: false });
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > maxLength) throw new ArchiveError("a line is longer than any block");
    yield* parts;
  }
  if (rest !== "") yield rest;
}

function submitRecord(record: JsonObject, number: number, chain: Chain): boolean {
  const block = readBlock(record, number);
  const verdict = chain.submitBlock(block);
  switch (verdict.status) {
    case "connected":
    case "side-branch":
      return true;
    case "duplicate":
      return false;
    case "orphan":
      throw new ArchiveError(`line ${number}: the block before ${block.hash} is missing`);
    case "invalid":
      throw new ArchiveError(
        `line ${number}: block ${block.hash} is invalid (${verdict.error.code}): ` +
          verdict.error.message,
      );
  }
}

function readHead(record: JsonObject, network: Network): number {
  if (record.format !== FORMAT || record.version !== FORMAT_VERSION) {
    throw new ArchiveError(`line 1: not a ${FORMAT} file of version ${FORMAT_VERSION}`);
  }
  if (record.genesis !== network.genesis.hash) {
    throw new ArchiveError(
      `line 1: a chain of network "${String(record.network)}", not of "${network.name}"`,
    );
  }
  return typeof record.height === "number" ? record.height : 0;
}

function readBlock(record: JsonObject, number: number): Block {
  if (typeof record.block !== "string") throw new ArchiveError(`line ${number}: no block in it`);
  try {
    return decodeAll(fromHex(record.block), decodeBlock);
  } catch (cause) {
    if (!(cause instanceof DecodeError) && !(cause instanceof RangeError)) throw cause;
    throw new ArchiveError(`line ${number}: no block in it: ${cause.message}`, { cause });
  }
}

function parseLine(text: string, number: number): JsonObject {
  try {
    const value = parseJson(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as JsonObject;
    }
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
  }
  throw new ArchiveError(`line ${number}: not a JSON object`);
}

function line(record: JsonObject): string {
  return `${JSON.stringify(record)}\n`;
}
