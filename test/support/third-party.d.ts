/**
 * What the tests use of two libraries that bring no types of their own.
 *
 * Neither is ours: bitcoin-protocol writes and reads Bitcoin's messages, bitcore-lib blocks and
 * transactions.
 */

declare module "bitcoin-protocol" {
  import type { Duplex } from "node:stream";

  /** How the payload of a command is written and read; both leave their length in `bytes`. */
  export interface PayloadCodec {
    encode: ((value: unknown) => Buffer) & { bytes?: number };
    decode: ((bytes: Buffer) => unknown) & { bytes?: number };
    encodingLength(value: unknown): number;
  }

  interface StreamOptions {
    readonly magic: number;
    readonly messages: Readonly<Record<string, PayloadCodec>>;
  }

  export const messages: { readonly defaultMessages: Readonly<Record<string, PayloadCodec>> };
  export const constants: { readonly inventory: Readonly<Record<string, number>> };
  export function createDecodeStream(options: StreamOptions): Duplex;
  export function createEncodeStream(options: StreamOptions): Duplex;
}

declare module "bitcore-lib" {
  export class Address {
    toString(): string;
  }

  export class PrivateKey {
    constructor(hex: string, network: string);
    toAddress(): Address;
  }

  export class Script {
    constructor(bytes: Buffer);
    static fromAddress(address: Address): Script;
  }

  interface Coin {
    readonly txId: string;
    readonly outputIndex: number;
    readonly script: Script;
    readonly satoshis: number;
  }

  export class Transaction {
    constructor(bytes?: Buffer);
    readonly id: string;
    readonly outputs: readonly { readonly satoshis: number; readonly script: Script }[];
    uncheckedAddInput(input: unknown): this;
    addOutput(output: unknown): this;
    from(coin: Coin): this;
    to(address: Address, satoshis: number): this;
    sign(key: PrivateKey): this;
    toBuffer(): Buffer;
    static Input: new (
      parts: object,
    ) => unknown;
    static Output: new (
      parts: object,
    ) => unknown;
  }

  export class BlockHeader {
    constructor(parts: object);
    readonly hash: string;
    readonly prevHash: Buffer;
    readonly merkleRoot: Buffer;
    readonly version: number;
    readonly time: number;
    readonly bits: number;
    readonly nonce: number;
    validProofOfWork(): boolean;
  }

  export class Block {
    constructor(parts: object);
    readonly header: BlockHeader;
    readonly hash: string;
    readonly transactions: readonly Transaction[];
    validMerkleRoot(): boolean;
    toBuffer(): Buffer;
    static fromBuffer(bytes: Buffer): Block;
  }
}
