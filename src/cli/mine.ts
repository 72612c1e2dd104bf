/**
 * `cairn mine`: a miner of its own, for a node that may be anywhere: takes its templates, hands in
 * what it finds.
 *
 * Keeps no chain and judges nothing. The streams and kernels are those of the node's own miner.
 */

import { findNetwork } from "../consensus/networks.ts";
import type { Network } from "../consensus/params.ts";
import { fromHex, toHex } from "../lib/bytes.ts";
import { decodeAll } from "../lib/codec.ts";
import {
  type BlockTemplate,
  type Candidate,
  makeCandidate,
  makeMinedBlock,
} from "../mining/block-template.ts";
import { MiningStream, type StreamListener, streamName } from "../mining/stream.ts";
import { SETTINGS, setting, wholeNumber } from "../node/settings.ts";
import { AddressError, parseAddress } from "../primitives/address.ts";
import { encodeBlock } from "../primitives/block.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import { decodeTransaction } from "../primitives/transaction.ts";
import type { SubmitBlockAnswer, TemplateAnswer } from "./api-answers.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import {
  CommandError,
  defineCommand,
  EXIT_CODE,
  flagOnly,
  UsageError,
  type World,
} from "./command.ts";
import type { Terminal } from "./terminal.ts";
import { formatAmount, formatHashrate } from "./units.ts";

const GROUP = "Mining";

/** Milliseconds between two looks at the node's template. */
const POLL_MS = 1_000;

/** Seconds by which the time in a header being searched may lag behind the node's clock. */
const MAX_TIME_AGE_SECONDS = 5;

/** Looks at an unreachable node before giving up: a minute, long enough for it to restart. */
const MAX_FAILURES = 60;

/** Polls between two lines about the hash rate. */
const REPORT_POLLS = 30;

const MINE_OPTIONS = {
  address: flagOnly(SETTINGS.address),
  threads: flagOnly(SETTINGS.threads),
  minerTag: flagOnly(SETTINGS.minerTag),
  cpuAffinity: flagOnly(SETTINGS.cpuAffinity),
  blocks: flagOnly(
    setting<number | undefined>({
      kind: wholeNumber(1, 1_000_000),
      group: GROUP,
      help: "Stop after so many blocks",
      default: undefined,
      defaultText: "go on for ever",
    }),
  ),
  ...CLIENT_OPTIONS,
} as const;

export const mineCommand = defineCommand({
  name: "mine",
  summary: "Mine for a node that runs elsewhere",
  group: "Run a node",
  usage: ["mine --address ADDRESS [OPTIONS]"],
  description:
    "Asks a node for work, searches with this machine's processors, and hands in the blocks it " +
    "finds. The coins go to the address given. Needs no data folder.",
  options: MINE_OPTIONS,
  maxPositionals: 0,
  examples: [
    { line: "cairn mine --address crn1q... --threads 2", does: "For the node on this machine" },
    { line: "cairn mine --url http://10.0.0.5:8080 --address crn1q...", does: "For another one" },
  ],
  run: async ({ options, terminal, world }) => {
    if (options.address === undefined) throw new UsageError("--address is needed: who gets paid?");
    const client = new ApiClient({ options, world });
    const status = await client.get<{ network: string; bits: string; genesis: string }>(
      "/api/status",
    );
    const payoutScript = readAddress(options.address, findNetworkOf(status.value.network));
    const miner = new RemoteMiner({ client, world, terminal, payoutScript, ...options });
    await miner.run(options.blocks);
    return EXIT_CODE.ok;
  },
});

/** Addresses do not depend on the difficulty, so any network of that name will do. */
function findNetworkOf(name: string): Network {
  return findNetwork(name);
}

function readAddress(address: string, network: Network): Uint8Array {
  try {
    return parseAddress(address, network.addressPrefixes);
  } catch (cause) {
    if (!(cause instanceof AddressError)) throw cause;
    throw new UsageError(`--address ${address}: ${cause.message}`, { cause });
  }
}

interface RemoteMinerNeeds {
  readonly client: ApiClient;
  readonly world: World;
  readonly terminal: Terminal;
  readonly payoutScript: Uint8Array;
  readonly threads: number;
  readonly minerTag: string;
  readonly cpuAffinity: readonly number[] | undefined;
  readonly json: boolean;
}

/** Keeps its streams on the node's newest template until it has found enough. */
class RemoteMiner implements StreamListener {
  readonly #needs: RemoteMinerNeeds;
  readonly #streams: MiningStream[];
  #template: BlockTemplate | undefined;
  #templateId: string | undefined;
  #extranonce: number;
  #found = 0;
  #wanted = Number.POSITIVE_INFINITY;
  /** True if the next pause is to be left out: a block was answered since the last look. */
  #isHurried = false;
  /** Ends the pause between two looks. */
  #wake = () => {};

  constructor(needs: RemoteMinerNeeds) {
    this.#needs = needs;
    this.#extranonce = needs.world.clock.now();
    const cpus = needs.cpuAffinity ?? [];
    this.#streams = Array.from({ length: needs.threads }, (_, index) => {
      const cpu = cpus.length > 0 ? cpus[index % cpus.length] : undefined;
      const spawn = () => needs.world.spawnMiner();
      return new MiningStream({ name: streamName(index), spawn, listener: this, cpu });
    });
  }

  /** Mines until `blocks` were accepted, or for ever; CommandError if the node stays away. */
  async run(blocks: number | undefined): Promise<void> {
    this.#wanted = blocks ?? Number.POSITIVE_INFINITY;
    let failures = 0;
    try {
      for (let poll = 0; !this.#isDone; poll++) {
        try {
          await this.#look();
          failures = 0;
        } catch (error) {
          failures += 1;
          if (!(error instanceof CommandError) || failures >= MAX_FAILURES) throw error;
        }
        if (poll % REPORT_POLLS === REPORT_POLLS - 1) this.#reportRate();
        await this.#pause();
      }
    } finally {
      for (const stream of this.#streams) stream.close();
    }
  }

  onFound(stream: MiningStream, candidate: Candidate, nonce: number): void {
    // One block at a time: the others' headers are worth nothing once this one is in.
    for (const each of this.#streams) each.rest();
    void this.#submit(stream, candidate, nonce);
  }

  onExhausted(stream: MiningStream): void {
    this.#assign(stream);
  }

  onCrash(stream: MiningStream, message: string): void {
    this.#needs.terminal.printError(`stream ${stream.name} crashed (${message}), starting again`);
    this.#assign(stream);
  }

  get #isDone(): boolean {
    return this.#found >= this.#wanted;
  }

  async #submit(stream: MiningStream, candidate: Candidate, nonce: number): Promise<void> {
    const { client, terminal, json } = this.#needs;
    const block = makeMinedBlock(candidate, nonce);
    try {
      const { text, value } = await client.post<SubmitBlockAnswer>("/api/mining/submit", {
        hex: toHex(encodeBlock(block)),
      });
      if (value.status === "connected") {
        this.#found += 1;
        stream.blocksFound += 1;
        stream.earned += candidate.template.coinbaseValue;
      }
      if (json) terminal.printRaw(text);
      else this.#printFound(stream, candidate, value);
    } catch (error) {
      // A block that came too late is nothing to stop for; the next template is a second away.
      const message = error instanceof Error ? error.message : String(error);
      terminal.printError(`block ${block.hash} not taken: ${message}`);
    }
    this.#templateId = undefined;
    this.#isHurried = true;
    this.#wake();
  }

  #printFound(
    { name }: MiningStream,
    { template }: Candidate,
    { status, hash }: SubmitBlockAnswer,
  ) {
    this.#needs.terminal.print(
      { text: status, style: status === "connected" ? "green" : "yellow" },
      ` block ${template.height} ${hash}, stream ${name}, ${formatAmount(template.coinbaseValue)}`,
    );
  }

  /** Fetches the template, and gives it to all streams if there is something new in it. */
  async #look(): Promise<void> {
    const { value } = await this.#needs.client.get<TemplateAnswer>("/api/mining/template");
    const age = value.time - (this.#template?.time ?? 0);
    if (value.id === this.#templateId && age < MAX_TIME_AGE_SECONDS) return;
    this.#templateId = value.id;
    this.#template = readTemplate(value);
    for (const stream of this.#streams) this.#assign(stream);
  }

  #assign(stream: MiningStream): void {
    if (this.#template === undefined) return;
    const { payoutScript, minerTag } = this.#needs;
    this.#extranonce += 1;
    const extranonce = this.#extranonce;
    stream.work(
      makeCandidate(this.#template, {
        payoutScript,
        tag: minerTag,
        stream: stream.name,
        extranonce,
      }),
    );
  }

  #reportRate(): void {
    const hashrate = this.#streams.reduce((sum, { meter }) => sum + meter.hashrate, 0);
    if (!this.#needs.json) this.#needs.terminal.print(`mining at ${formatHashrate(hashrate)}`);
  }

  /** Waits for the next look, which a block found and answered brings at once. */
  async #pause(): Promise<void> {
    const isHurried = this.#isHurried;
    this.#isHurried = false;
    if (this.#isDone || isHurried) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const cancel = this.#needs.world.clock.after(POLL_MS, resolve);
    await promise;
    cancel();
  }
}

function readTemplate(answer: TemplateAnswer): BlockTemplate {
  return {
    previousHash: answer.previousHash as BlockHash,
    height: answer.height,
    version: answer.version,
    bits: Number.parseInt(answer.bits, 16),
    time: answer.time,
    minTime: answer.minTime,
    coinbaseValue: answer.coinbaseValue,
    totalFees: answer.totalFees,
    transactions: answer.transactions.map(({ hex }) => decodeAll(fromHex(hex), decodeTransaction)),
    commitment: fromHex(answer.commitment),
    merkleBranch: answer.merkleBranch.map((hash) => fromHex(hash)),
  };
}
