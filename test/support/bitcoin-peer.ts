/**
 * An ordinary Bitcoin peer on regtest that is made of other people's code: its messages are
 * bitcoin-protocol's, its blocks and transactions bitcore-lib's.
 *
 * Nothing of src/ may be imported here, or it would prove nothing.
 */

import { connect, createServer, type Socket } from "node:net";
import protocol, { type PayloadCodec } from "bitcoin-protocol";
import bitcore from "bitcore-lib";

/** Bitcoin's regtest, as its users know it. */
const MAGIC = 0xdab5bffa;
const GENESIS_HASH = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
const GENESIS_TIME = 1_296_688_602;
const BITS = 0x207fffff;
const SUBSIDY = 5_000_000_000;

/** Before announcements by wtxid, so that all is as it has been for long. */
const PROTOCOL_VERSION = 70_015;

/** NODE_NETWORK and NODE_WITNESS. */
const SERVICES = Buffer.from("0900000000000000", "hex");
const NOWHERE = { services: Buffer.alloc(8), address: "0.0.0.0", port: 0 };
const { MSG_TX = 1, MSG_BLOCK = 2, MSG_WITNESS_BLOCK = 0 } = protocol.constants.inventory;

const MAX_HEADERS = 2_000;

/** A header as bitcoin-protocol reads it. */
interface WireHeader {
  readonly version: number;
  readonly prevHash: Buffer;
  readonly merkleRoot: Buffer;
  readonly timestamp: number;
  readonly bits: number;
  readonly nonce: number;
}

interface InventoryVector {
  readonly type: number;
  readonly hash: Buffer;
}

/** A message as it came. */
export interface ReceivedMessage {
  readonly command: string;
  readonly payload: unknown;
}

/** Payloads that bitcoin-protocol leaves as they are: it knows no blocks with witnesses. */
const AS_IT_IS: PayloadCodec = {
  encode: (value) => {
    const bytes = value as Buffer;
    AS_IT_IS.encode.bytes = bytes.length;
    return bytes;
  },
  decode: (bytes) => {
    AS_IT_IS.decode.bytes = bytes.length;
    return Buffer.from(bytes);
  },
  encodingLength: (value) => (value as Buffer).length,
};

/** What Bitcoin has and the library has not. A command of any other extension is an error. */
const MESSAGES = {
  ...protocol.messages.defaultMessages,
  block: AS_IT_IS,
  tx: AS_IT_IS,
  sendcmpct: AS_IT_IS,
  feefilter: AS_IT_IS,
};

export class BitcoinPeer {
  readonly received: ReceivedMessage[] = [];
  /** The chain that it has, without genesis. */
  readonly blocks: bitcore.Block[] = [];
  readonly transactions = new Map<string, bitcore.Transaction>();
  /** What went wrong with the other side's messages. */
  error: Error | undefined;
  isReady = false;
  readonly #socket: Socket;
  readonly #encoder = protocol.createEncodeStream({ magic: MAGIC, messages: MESSAGES });

  private constructor(socket: Socket) {
    this.#socket = socket;
    const decoder = protocol.createDecodeStream({ magic: MAGIC, messages: MESSAGES });
    const fail = (error: Error) => {
      this.error ??= error;
    };
    socket.on("error", fail).pipe(decoder).on("error", fail);
    decoder.on("data", (message: ReceivedMessage) => this.#receive(message));
    this.#encoder.on("error", fail).pipe(socket);
  }

  /** Dials a node. */
  static async dial(port: number): Promise<BitcoinPeer> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve) => socket.once("connect", resolve));
    const peer = new BitcoinPeer(socket);
    peer.#sendVersion();
    return peer;
  }

  /** Accepts one node that dials it; gives the port at once, and the peer when it is there. */
  static async listen(): Promise<{ port: number; accepted: Promise<BitcoinPeer> }> {
    const { promise, resolve } = Promise.withResolvers<BitcoinPeer>();
    const server = createServer((socket) => {
      server.close();
      resolve(new BitcoinPeer(socket));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return { port: address.port, accepted: promise };
  }

  /** The hash of its last block. */
  get tip(): string {
    return this.blocks.at(-1)?.hash ?? GENESIS_HASH;
  }

  send(command: string, payload: unknown = {}): void {
    this.#encoder.write({ command, payload });
  }

  /** The payloads of all messages of `command`, in order. */
  told<Payload>(command: string): Payload[] {
    return this.received
      .filter((message) => message.command === command)
      .map(({ payload }) => payload as Payload);
  }

  /** Asks for the headers after its chain. */
  requestHeaders(): void {
    const locator = [toWire(this.tip)];
    this.send("getheaders", { version: PROTOCOL_VERSION, locator, hashStop: Buffer.alloc(32) });
  }

  /** The headers of all `headers` messages so far. */
  get headers(): readonly bitcore.BlockHeader[] {
    const messages = this.told<readonly { header: WireHeader }[]>("headers");
    return messages.flat().map(({ header }) => headerOf(header));
  }

  requestBlocks(hashes: readonly string[]): void {
    this.send(
      "getdata",
      hashes.map((hash) => ({ type: MSG_WITNESS_BLOCK, hash: toWire(hash) })),
    );
  }

  /** The blocks that it was given. */
  get given(): readonly bitcore.Block[] {
    return this.told<Buffer>("block").map((bytes) => bitcore.Block.fromBuffer(bytes));
  }

  /** Tells of its tip, or of a transaction, by hash. */
  announceTip(): void {
    this.send("inv", [{ type: MSG_BLOCK, hash: toWire(this.tip) }]);
  }

  announce(tx: bitcore.Transaction): void {
    this.transactions.set(tx.id, tx);
    this.send("inv", [{ type: MSG_TX, hash: toWire(tx.id) }]);
  }

  /** Adds a block of its own to its chain, whose coins go to `address`. */
  mine(address: bitcore.Address): bitcore.Block {
    const height = this.blocks.length + 1;
    const coinbase = new bitcore.Transaction()
      .uncheckedAddInput(
        new bitcore.Transaction.Input({
          prevTxId: Buffer.alloc(32),
          outputIndex: 0xffffffff,
          sequenceNumber: 0xffffffff,
          script: new bitcore.Script(heightScript(height)),
        }),
      )
      .addOutput(
        new bitcore.Transaction.Output({
          satoshis: SUBSIDY,
          script: bitcore.Script.fromAddress(address),
        }),
      );
    const previousTime = this.blocks.at(-1)?.header.time ?? GENESIS_TIME;
    for (let nonce = 0; ; nonce++) {
      const header = new bitcore.BlockHeader({
        version: 0x20000000,
        prevHash: toWire(this.tip),
        merkleRoot: toWire(coinbase.id),
        time: previousTime + 1,
        bits: BITS,
        nonce,
      });
      if (!header.validProofOfWork()) continue;
      const block = new bitcore.Block({ header, transactions: [coinbase] });
      this.blocks.push(block);
      return block;
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive({ command, payload }: ReceivedMessage): void {
    this.received.push({ command, payload });
    switch (command) {
      case "version":
        if (!this.#hasSentVersion) this.#sendVersion();
        this.send("verack");
        return;
      case "verack":
        this.isReady = true;
        return;
      case "ping":
        this.send("pong", payload);
        return;
      case "getheaders":
        this.#giveHeaders((payload as { locator: Buffer[] }).locator);
        return;
      case "getdata":
        for (const vector of payload as InventoryVector[]) this.#give(vector);
        return;
      default:
    }
  }

  #hasSentVersion = false;

  #sendVersion(): void {
    this.#hasSentVersion = true;
    this.send("version", {
      version: PROTOCOL_VERSION,
      services: SERVICES,
      timestamp: Math.floor(Date.now() / 1000),
      receiverAddress: NOWHERE,
      senderAddress: NOWHERE,
      nonce: Buffer.from(crypto.getRandomValues(new Uint8Array(8))),
      userAgent: "/third-party:1.0/",
      startHeight: this.blocks.length,
      relay: true,
    });
  }

  #giveHeaders(locator: readonly Buffer[]): void {
    const hashes = [GENESIS_HASH, ...this.blocks.map(({ hash }) => hash)];
    const known = locator.map((hash) => hashes.indexOf(fromWire(hash))).find((at) => at >= 0) ?? 0;
    const headers = this.blocks.slice(known, known + MAX_HEADERS).map(({ header }) => ({
      header: {
        version: header.version,
        prevHash: header.prevHash,
        merkleRoot: header.merkleRoot,
        timestamp: header.time,
        bits: header.bits,
        nonce: header.nonce,
      },
      numTransactions: 0,
    }));
    this.send("headers", headers);
  }

  #give({ type, hash }: InventoryVector): void {
    const id = fromWire(hash);
    const block = this.blocks.find((each) => each.hash === id);
    const tx = this.transactions.get(id);
    if (block !== undefined) this.send("block", block.toBuffer());
    else if (tx !== undefined) this.send("tx", tx.toBuffer());
    else this.send("notfound", [{ type, hash }]);
  }
}

/** Returns a payment of the coinbase of `block` to `address`, less a fee. */
export function spendCoinbase(
  block: bitcore.Block,
  key: bitcore.PrivateKey,
  address: bitcore.Address,
): bitcore.Transaction {
  const coinbase = block.transactions[0]!;
  const { script, satoshis } = coinbase.outputs[0]!;
  return new bitcore.Transaction()
    .from({ txId: coinbase.id, outputIndex: 0, script, satoshis })
    .to(address, satoshis - 10_000)
    .sign(key);
}

/** A height as BIP-0034 wants it at the start of a coinbase's script, and a name. */
function heightScript(height: number): Buffer {
  const number =
    height <= 16 ? [0x50 + height] : height < 128 ? [1, height] : [2, height & 0xff, height >> 8];
  return Buffer.from([...number, 4, ...Buffer.from("3rd!")]);
}

/** On the wire hashes stand backwards. */
function toWire(hash: string): Buffer {
  return Buffer.from(hash, "hex").reverse();
}

function fromWire(hash: Buffer): string {
  return Buffer.from(hash).reverse().toString("hex");
}

function headerOf({ timestamp, ...rest }: WireHeader): bitcore.BlockHeader {
  return new bitcore.BlockHeader({ ...rest, time: timestamp });
}
