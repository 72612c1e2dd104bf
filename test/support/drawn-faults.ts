/**
 * Ways to break one rule of a block, and blocks that stand exactly at a limit beside them.
 *
 * Each takes a draft that would be valid and gives a block, or nothing where the chain has not what it
 * needs. What a fault is called is for people; which rule it breaks is for others to say.
 */

import { checkTransactionSigops } from "../../src/consensus/check-sigops.ts";
import { ancestorAt } from "../../src/consensus/difficulty.ts";
import { subsidyAt } from "../../src/consensus/subsidy.ts";
import { compactToTarget } from "../../src/consensus/target.ts";
import { commitmentScript } from "../../src/consensus/witness-commitment.ts";
import { type Block, blockWeight, makeBlock } from "../../src/primitives/block.ts";
import { hashHeader } from "../../src/primitives/block-header.ts";
import type { Txid } from "../../src/primitives/hash-id.ts";
import {
  makeTransaction,
  NULL_OUTPOINT,
  type Transaction,
  type TransactionParts,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import type { Draft, OwnedCoin } from "./drawn-chain.ts";

/** Makes a block of a draft, or nothing. */
export type Fault = (draft: Draft) => Block | undefined;

const EASIEST_BITS = 0x207fffff;
const EMPTY = new Uint8Array(0);

function withHeader(header: (draft: Draft) => Draft["header"]): Fault {
  return (draft) => {
    draft.header = { ...draft.header, ...header(draft) };
    return draft.finish();
  };
}

/** Changes the coinbase before the commitment is made. */
function withCoinbase(change: (parts: TransactionParts, draft: Draft) => TransactionParts): Fault {
  return (draft) => {
    draft.beforeCommitment = (parts) => change(parts, draft);
    return draft.finish();
  };
}

function withBody(change: (all: Transaction[], draft: Draft) => Transaction[] | undefined): Fault {
  return (draft) => {
    let isPossible = true;
    draft.body = (all) => {
      const changed = change(all, draft);
      isPossible = changed !== undefined;
      return changed ?? all;
    };
    const block = draft.finish();
    return isPossible ? block : undefined;
  };
}

/** Adds a payment that is as it must not be. */
function withPayment(add: (draft: Draft) => unknown): Fault {
  return (draft) => {
    if (add(draft) === undefined) return undefined;
    return draft.finish();
  };
}

function scriptSigOf(parts: TransactionParts): Uint8Array {
  return parts.inputs[0]?.scriptSig ?? EMPTY;
}

function withScriptSig(parts: TransactionParts, scriptSig: Uint8Array): TransactionParts {
  return { ...parts, inputs: parts.inputs.map((input) => ({ ...input, scriptSig })) };
}

function withOutput(parts: TransactionParts, output: TxOutput): TransactionParts {
  return { ...parts, outputs: [...parts.outputs, output] };
}

/** A nonce whose hash is above the target. */
function highHash(block: Block): Block {
  const target = compactToTarget(block.header.bits) ?? 0n;
  for (let { nonce } = block.header; ; nonce++) {
    const header = { ...block.header, nonce };
    if (BigInt(`0x${hashHeader(header)}`) > target) return makeBlock(header, block.transactions);
  }
}

/** Spends a coin that anybody can spend, with a change to the parts. */
function payPlainly(
  draft: Draft,
  parts: (parts: TransactionParts, coin: OwnedCoin) => TransactionParts,
  isWanted: (coin: OwnedCoin) => boolean = () => true,
): unknown {
  const isCertain = ({ lock }: OwnedCoin) =>
    lock.isUncertain !== true && lock.lockTime === undefined && lock.sequence === undefined;
  const coin = draft.take((each) => isCertain(each) && isWanted(each));
  return coin && draft.addPayment([coin], { parts: (drawn) => parts(drawn, coin) });
}

function withSequence(parts: TransactionParts, sequence: number, version = 2): TransactionParts {
  return { ...parts, version, inputs: parts.inputs.map((input) => ({ ...input, sequence })) };
}

function withValues(parts: TransactionParts, ...values: number[]): TransactionParts {
  const scriptPubKey = Uint8Array.of(0x51);
  return { ...parts, outputs: values.map((value) => ({ value, scriptPubKey })) };
}

/** A script of data that costs `length` bytes in all, and one operation to read. */
function dataScript(length: number): Uint8Array {
  const script = new Uint8Array(length);
  script.set([0x6a, 0x4e]);
  new DataView(script.buffer).setUint32(2, length - 6, true);
  return script;
}

/** Headers. */
const HEADER_FAULTS: Record<string, Fault> = {
  "hash above its target": (draft) => highHash(draft.finish()),
  "bits that are no target": (draft) => {
    const { random } = draft;
    const bits = random.pick([0, 0x20ffffff, 0x20800000, 0xff123456, 0x03000000, 0x207fffff + 1]);
    draft.header = { ...draft.header, bits };
    return draft.finish();
  },
  "bits a little harder": withHeader((draft) => ({ bits: draft.finish().header.bits - 1 })),
  "bits a little easier": (draft) => {
    const { bits } = draft.finish().header;
    if (bits >= EASIEST_BITS) return undefined;
    draft.header = { ...draft.header, bits: bits + 1 };
    return draft.finish();
  },
  "the easiest bits": (draft) => {
    draft.header = { ...draft.header, bits: EASIEST_BITS };
    return draft.finish();
  },
  "time at the median": withHeader(({ medianTime }) => ({ time: medianTime })),
  "time before the median": withHeader(({ medianTime, random }) => ({
    time: medianTime - 1 - random.below(1_000),
  })),
  "first time after the median": withHeader(({ medianTime }) => ({ time: medianTime + 1 })),
  "an old version": withHeader(({ random }) => ({ version: random.pick([3, 2, 1, 0, -1]) })),
  "another merkle root": withHeader(({ chain }) => ({
    merkleRoot: chain.tip.block.hash as unknown as Txid,
  })),
};

/** Coinbases. */
const COINBASE_FAULTS: Record<string, Fault> = {
  "takes one sat too much": (draft) => draft.claim(1).finish(),
  "takes much too much": (draft) => draft.claim(1 + draft.random.below(10 ** 9)).finish(),
  "takes less": (draft) => draft.claim(-1 - draft.random.below(1_000)).finish(),
  "the last or next height": withCoinbase((parts, { height, random }) => {
    const script = scriptSigOf(parts).slice();
    if (height <= 16) script[0] = (script[0] ?? 0) + random.pick([-1, 1]);
    else script[1] = (script[1] ?? 0) ^ 1;
    return withScriptSig(parts, script);
  }),
  "its height pushed at length": withCoinbase((parts, { height }) => {
    const script = scriptSigOf(parts);
    if (height <= 16) return withScriptSig(parts, Uint8Array.of(1, height, ...script));
    return withScriptSig(parts, Uint8Array.of(0x4c, ...script));
  }),
  "a script too short": withCoinbase((parts) =>
    withScriptSig(parts, scriptSigOf(parts).slice(0, 1)),
  ),
  "a script too long, or as long as it may be": withCoinbase((parts, { random }) => {
    const script = new Uint8Array(100 + random.below(2));
    script.set(scriptSigOf(parts));
    return withScriptSig(parts, script);
  }),
  "no coinbase": withBody(([, ...rest]) => (rest.length > 0 ? rest : undefined)),
  "no transaction": withBody(() => []),
  "two coinbases": withBody(([first, ...rest]) => {
    if (first === undefined) return undefined;
    const { version, inputs, outputs } = first;
    return [first, ...rest, makeTransaction({ version, inputs, outputs, lockTime: 7 })];
  }),
  "a coinbase not final": withCoinbase((parts, { height }) => ({
    ...withSequence(parts, 0),
    lockTime: height,
  })),
  "no commitment to witnesses": (draft) => {
    draft.afterCommitment = (parts) => ({
      ...parts,
      outputs: parts.outputs.filter(({ scriptPubKey }) => scriptPubKey[1] !== 0x24),
    });
    return draft.finish();
  },
  "a false commitment, after or before the true one": (draft) => {
    const false_ = { value: 0, scriptPubKey: commitmentScript(draft.random.bytes(32)) };
    const isLast = draft.random.oneIn(2);
    draft.afterCommitment = (parts) => ({
      ...parts,
      outputs: isLast ? [...parts.outputs, false_] : [false_, ...parts.outputs],
    });
    return draft.finish();
  },
  "a reserved value of another size": (draft) => {
    const witness = draft.random.pick([
      [],
      [new Uint8Array(31)],
      [EMPTY],
      [new Uint8Array(32), EMPTY],
    ]);
    draft.afterCommitment = (parts) => ({
      ...parts,
      inputs: parts.inputs.map((input) => ({ ...input, witness })),
    });
    return draft.finish();
  },
  "another reserved value": (draft) => {
    draft.afterCommitment = (parts) => ({
      ...parts,
      inputs: parts.inputs.map((input) => ({ ...input, witness: [new Uint8Array(32).fill(1)] })),
    });
    return draft.finish();
  },
};

/** Transactions by themselves. */
const TRANSACTION_FAULTS: Record<string, Fault> = {
  "no input": withBody((all) => [
    ...all,
    makeTransaction({ version: 2, inputs: [], outputs: [], lockTime: 0 }),
  ]),
  "no output": withPayment((draft) => payPlainly(draft, (parts) => ({ ...parts, outputs: [] }))),
  "a negative value": withPayment((draft) =>
    payPlainly(draft, (parts) => withValues(parts, 5, -1)),
  ),
  "a value above all money": withPayment((draft) =>
    payPlainly(draft, (parts) => withValues(parts, draft.chain.network.params.maxMoney + 1)),
  ),
  "all money, and one sat": withPayment((draft) =>
    payPlainly(draft, (parts) => withValues(parts, draft.chain.network.params.maxMoney, 1)),
  ),
  "all money": withPayment((draft) =>
    payPlainly(draft, (parts) => withValues(parts, draft.chain.network.params.maxMoney)),
  ),
  "one input twice": withPayment((draft) =>
    payPlainly(draft, (parts) => ({ ...parts, inputs: [...parts.inputs, ...parts.inputs] })),
  ),
  "an input of nothing": withPayment((draft) =>
    payPlainly(draft, (parts) => ({
      ...parts,
      inputs: [...parts.inputs, { ...parts.inputs[0]!, prevout: NULL_OUTPOINT }],
    })),
  ),
  "about 65 bytes": withPayment((draft) => {
    const script = new Uint8Array(draft.random.pick([0, 3, 4, 4, 5, 6])).fill(0x51);
    const plain = (coin: OwnedCoin) => /^p2(?:wsh|tr|wpkh)/.test(coin.lock.kind);
    return payPlainly(
      draft,
      (parts) => ({ ...parts, outputs: [{ value: 1, scriptPubKey: script }] }),
      plain,
    );
  }),
  "locked until the next block": withPayment((draft) =>
    payPlainly(draft, (parts) => ({ ...withSequence(parts, 0xfffffffe), lockTime: draft.height })),
  ),
  "locked until the median time": withPayment((draft) =>
    payPlainly(draft, (parts) => ({
      ...withSequence(parts, 0xfffffffe),
      lockTime: draft.medianTime,
    })),
  ),
  "locked, with final inputs": withPayment((draft) =>
    payPlainly(draft, (parts) => ({ ...withSequence(parts, 0xffffffff), lockTime: draft.height })),
  ),
};

/** Transactions on their coins. */
const SPENDING_FAULTS: Record<string, Fault> = {
  "spends what never was": withPayment((draft) =>
    payPlainly(draft, (parts) => ({
      ...parts,
      inputs: parts.inputs.map((input) => ({
        ...input,
        prevout: draft.random.oneIn(2)
          ? { ...input.prevout, vout: input.prevout.vout + 77 }
          : { txid: draft.chain.tip.block.hash as unknown as Txid, vout: 0 },
      })),
    })),
  ),
  "spends what a block before spent": withPayment((draft) => {
    const coin = draft.parent.spent.at(-1);
    return coin && draft.isOpen(coin) && draft.addPayment([coin]);
  }),
  "spends one coin in two transactions": withPayment((draft) => {
    const coin = draft.take(({ lock }) => lock.isUncertain !== true);
    return coin && draft.addPayment([coin]) && draft.addPayment([coin], { fee: 777 });
  }),
  "a child before its parent": (draft) => {
    draft.addPayments(2);
    const parent = draft.payments.at(-1);
    const coin = parent?.made.find((each) => draft.isOpen(each) && each.lock.isUncertain !== true);
    if (parent === undefined || coin === undefined) return undefined;
    if (draft.addPayment([coin]) === undefined) return undefined;
    const child = draft.payments.pop();
    if (child !== undefined) draft.payments.splice(-1, 0, child);
    return draft.finish();
  },
  "a transaction twice": withBody((all) => (all.length > 1 ? [...all, all[1]!] : undefined)),
  "a coinbase one block early": withPayment((draft) => {
    const { coinbaseMaturity } = draft.chain.network.params;
    const wanted = draft.height - coinbaseMaturity + 1;
    const young = draft.parent.coins.filter(
      ({ isCoinbase, height, lock }) =>
        isCoinbase &&
        height >= wanted &&
        lock.lockTime === undefined &&
        !lock.isUncertain &&
        lock.sequence === undefined,
    );
    // Mostly one block early, else by chance.
    const oldest = young.filter(({ height }) => height === wanted);
    const from = oldest.length > 0 && !draft.random.oneIn(4) ? oldest : young;
    return from.length > 0 ? draft.addPayment([draft.random.pick(from)]) : undefined;
  }),
  "a coinbase as soon as it may be": withPayment((draft) => {
    const { coinbaseMaturity } = draft.chain.network.params;
    return payPlainly(
      draft,
      (parts) => parts,
      ({ isCoinbase, height }) => isCoinbase && height === draft.height - coinbaseMaturity,
    );
  }),
  "pays one sat more than it has": withPayment((draft) => {
    const coin = draft.take(({ lock, value }) => lock.isUncertain !== true && value > 10);
    return coin && draft.addPayment([coin], { fee: -1 });
  }),
  "waits one block too little": withPayment((draft) =>
    payPlainly(draft, (parts, { height }) => withSequence(parts, draft.height - height + 1)),
  ),
  "waits as many blocks as it must": withPayment((draft) =>
    payPlainly(draft, (parts, { height }) => withSequence(parts, draft.height - height)),
  ),
  "waits some time, or too little": withPayment((draft) =>
    payPlainly(draft, (parts) => withSequence(parts, 0x400000 + draft.random.below(8))),
  ),
  "waits for nothing, with version 1": withPayment((draft) =>
    payPlainly(draft, (parts) => withSequence(parts, 0x400000 + 0xffff, 1)),
  ),
  "legacy operations of one transaction at the limit, or beyond": (draft) => {
    const isHeavy = ({ lock }: OwnedCoin) => lock.kind === "heavy";
    const [first, second] = [draft.take(isHeavy), draft.take(isHeavy)];
    if (first === undefined || second === undefined) return undefined;
    const third = draft.take(({ lock }) => lock.kind === "bare checksig") ?? draft.take(isHeavy);
    const isBeyond = third !== undefined && draft.random.oneIn(2);
    draft.addPayment(isBeyond ? [first, second, third] : [first, second]);
    return draft.finish();
  },
  "does not open its lock": withPayment((draft) => {
    const coin = draft.take(() => true);
    if (coin === undefined) return undefined;
    for (let tries = 8; tries > 0; tries--) {
      const payment = draft.addPayment([coin], { isBroken: true });
      if (payment !== undefined) return payment;
    }
    return undefined;
  }),
  "opens what chance locked, or not": withPayment((draft) => {
    const coin = draft.take(({ lock }) => lock.isUncertain === true);
    return coin && (draft.addPayment([coin], { isBroken: true }) ?? draft.addPayment([coin]));
  }),
};

/** Blocks at and beyond the limits of counts; they are large. */
const LIMIT_FAULTS: Record<string, Fault> = {
  "signature operations at the limit, or one more": (draft) => {
    draft.addPayments(3);
    const { maxBlockSigopCost } = draft.chain.network.params;
    const trial = draft.finish();
    const cost = trial.transactions.reduce((sum, tx, index) => {
      const spent = (draft.payments[index - 1]?.spent ?? []).map(({ value, lock }) => ({
        value,
        scriptPubKey: lock.script,
      }));
      return sum + checkTransactionSigops(tx, spent, draft.chain.network.params);
    }, 0);
    const count = Math.floor((maxBlockSigopCost - cost) / 4) + draft.random.below(2);
    const output = { value: 0, scriptPubKey: new Uint8Array(count).fill(0xac) };
    draft.beforeCommitment = (parts) => withOutput(parts, output);
    return draft.finish();
  },
  "bytes at the limit, or one more": (draft) => {
    const { maxBlockWeight } = draft.chain.network.params;
    const base = draft.finish().transactions.reduce((sum, { baseSize }) => sum + baseSize, 0);
    let length = maxBlockWeight / 4 - base - 1_000;
    const add = () => {
      const output = { value: 0, scriptPubKey: dataScript(length) };
      draft.beforeCommitment = (parts) => withOutput(parts, output);
      return draft.finish();
    };
    const weight = (block: Block) =>
      4 * (81 + block.transactions.reduce((sum, { baseSize }) => sum + baseSize, 0));
    length += (maxBlockWeight - weight(add())) / 4 + draft.random.below(2);
    return add();
  },
  "weight at the limit, or one more": (draft) => {
    const { maxBlockWeight } = draft.chain.network.params;
    const coin = draft.take(({ lock }) => lock.kind === "unknown program");
    const payment = coin && draft.addPayment([coin]);
    if (coin === undefined || payment === undefined) return undefined;
    const place = draft.payments.indexOf(payment);
    const pad = (length: number) => {
      const inputs = payment.tx.inputs.map((input) => ({
        ...input,
        witness: [new Uint8Array(length)],
      }));
      draft.payments[place] = { ...payment, tx: makeTransaction({ ...payment.tx, inputs }) };
      return draft.finish();
    };
    const length = maxBlockWeight - 100_000;
    const left = maxBlockWeight - blockWeight(pad(length).transactions);
    return pad(length + left + draft.random.below(2));
  },
};

/** Only at the heights where a period begins or ends, or the subsidy is halved. */
const EDGE_FAULTS: Record<string, Fault> = {
  "warped time at the end or begin of a period": (draft) => {
    const { retarget } = draft.chain.network.params;
    const { context } = draft.parent;
    if (retarget === undefined) return undefined;
    const place = draft.height % retarget.interval;
    const earliest = draft.medianTime + 1;
    if (place === 0) {
      const time = context.time - retarget.timewarpGraceSeconds - (draft.random.oneIn(5) ? 0 : 1);
      if (time < earliest) return undefined;
      draft.header = { ...draft.header, time };
    } else if (place === retarget.interval - 1) {
      const first = ancestorAt(context, Math.max(1, draft.height - place));
      // Where the median time has passed it, nothing can be before the period's first block.
      if (earliest >= first.time) return undefined;
      draft.header = { ...draft.header, time: draft.random.pick([earliest, first.time - 1]) };
    } else {
      return undefined;
    }
    return draft.finish();
  },
  "the subsidy of the height before": (draft) => {
    const before = subsidyAt(draft.height - 1, draft.chain.network.params);
    return before === draft.subsidy ? undefined : draft.claim(before - draft.subsidy).finish();
  },
  "the bits of the height before": (draft) => {
    const { bits } = draft.parent.context;
    if (bits === draft.finish().header.bits) return undefined;
    draft.header = { ...draft.header, bits };
    return draft.finish();
  },
};

/** What makes sense at few heights only. */
export const EDGES: readonly (readonly [name: string, fault: Fault])[] =
  Object.entries(EDGE_FAULTS);

/** Everything but what is large. */
export const FAULTS: readonly (readonly [name: string, fault: Fault])[] = [
  HEADER_FAULTS,
  COINBASE_FAULTS,
  TRANSACTION_FAULTS,
  SPENDING_FAULTS,
].flatMap((faults) => Object.entries(faults));

/** What is large. */
export const LIMITS: readonly (readonly [name: string, fault: Fault])[] =
  Object.entries(LIMIT_FAULTS);

/**
 * A false body under the header of `block`, whose root it has: the tail repeated (CVE-2012-2459);
 * undefined where the tree has no such twin.
 */
export function mutatedTwin({ header, transactions }: Block): Block | undefined {
  const count = transactions.length;
  if (count < 2) return undefined;
  if (count % 2 === 1) return makeBlock(header, [...transactions, transactions[count - 1]!]);
  // Twice an odd number: the last two are repeated.
  if (count % 4 === 2 && count > 2)
    return makeBlock(header, [...transactions, ...transactions.slice(-2)]);
  return undefined;
}
