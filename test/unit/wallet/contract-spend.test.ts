/**
 * Spending contracts: every branch passes our interpreter, somebody else's wallet signs and reads
 * our PSBTs, and what is missing or wrong is named.
 */

import { describe, expect, test } from "bun:test";
import { Psbt } from "bitcoinjs-lib";
import { ECPairFactory } from "ecpair";
import fc from "fast-check";
import * as ecc from "tiny-secp256k1";
import { sha256 } from "../../../src/crypto/hash.ts";
import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import { equalBytes, toHex } from "../../../src/lib/bytes.ts";
import { decodeAll } from "../../../src/lib/codec.ts";
import { feeAt } from "../../../src/mempool/policy.ts";
import type { Txid } from "../../../src/primitives/hash-id.ts";
import {
  decodeTransaction,
  encodeTransaction,
  makeTransaction,
  type Transaction,
  virtualSize,
} from "../../../src/primitives/transaction.ts";
import { STANDARD_FLAGS } from "../../../src/script/flags.ts";
import { createSighashCache } from "../../../src/script/sighash.ts";
import { verifyInput } from "../../../src/script/verify-input.ts";
import type { Contract } from "../../../src/wallet/contract.ts";
import { ContractError } from "../../../src/wallet/contract-error.ts";
import { MAX_PSBT_BYTES } from "../../../src/wallet/contract-psbt.ts";
import {
  type ContractSpendPlan,
  combineContractPsbts,
  findPreimage,
  finishContractSpend,
  MAX_PSBTS,
  MAX_SPEND_FEERATE,
  makeContractSpend,
  signContractPsbt,
  viewContractSpend,
} from "../../../src/wallet/contract-spend.ts";
import { makeContract } from "../../../src/wallet/contract-templates.ts";
import {
  ANNA,
  arbitraryContract,
  BEN,
  BRANCHES,
  CLEO,
  codeOf,
  DORA,
  EXAMPLES,
  example,
  keyOf,
  type NamedKey,
  party,
  SECRET,
  SECRET_HASH,
  spendContract,
} from "../../support/contracts.ts";
import { paymentKey } from "../../support/payments.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";

const ECPair = ECPairFactory(ecc);
const HOME = paymentKey(0x51).scriptPubKey;
const coin = (serial: number, value = 100_000) => ({
  outpoint: { txid: toHex(new Uint8Array(32).fill(serial + 1)) as Txid, vout: serial },
  value,
});

const plan = (
  contract: Contract,
  branch: string,
  changes: Partial<ContractSpendPlan> = {},
): ContractSpendPlan => ({
  contract,
  branch,
  coins: [coin(0)],
  restTo: HOME,
  feerate: 2,
  ...changes,
});

/** What keeps our interpreter from letting input 0 through; `values` are of the coins. */
function scriptError(contract: Contract, tx: Transaction, values = [100_000]): string | undefined {
  for (const inputIndex of tx.inputs.keys()) {
    const error = verifyInput({
      tx,
      inputIndex,
      spentOutputs: values.map((value) => ({ value, scriptPubKey: contract.scriptPubKey })),
      flags: STANDARD_FLAGS,
      cache: createSighashCache(tx),
      signatures: PORTABLE_SIGNATURES,
    });
    if (error !== undefined) return error;
  }
  return undefined;
}

const sign = (contract: Contract, branch: string, psbt: Uint8Array, ...keys: NamedKey[]) =>
  keys.map(({ privateKey }) => signContractPsbt(contract, branch, psbt, privateKey));

function factsOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    if (error instanceof ContractError) return { code: error.code, ...error.facts };
    throw error;
  }
  return undefined;
}

describe("finishContractSpend", () => {
  test.each(BRANCHES)("spends %s", (_, contract, branch) => {
    const coins = [coin(0), coin(1, 50_000)];
    const tx = spendContract(plan(contract, branch.name, { coins }));
    expect(scriptError(contract, tx, [100_000, 50_000])).toBeUndefined();
    expect(decodeAll(encodeTransaction(tx), decodeTransaction).wtxid).toBe(tx.wtxid);
  });

  test.each(BRANCHES)(
    "keeps below the weight that was paid for, and close: %s",
    (_, contract, branch) => {
      const coins = [coin(0), coin(1)];
      const { maxWeight, fee } = makeContractSpend(plan(contract, branch.name, { coins }));
      const { weight } = spendContract(plan(contract, branch.name, { coins }));
      expect(weight).toBeLessThanOrEqual(maxWeight);
      // A signature is rarely more than two bytes shorter than it may be.
      expect(maxWeight - weight).toBeLessThanOrEqual(3 * branch.threshold * coins.length);
      expect(fee).toBe(feeAt(2, virtualSize(maxWeight)));
    },
  );

  test(
    "spends whatever can be drawn",
    () => {
      fc.assert(
        fc.property(arbitraryContract, fc.nat(), ([template, parameters], pick) => {
          const contract = makeContract(template, parameters);
          const branch = contract.branches[pick % contract.branches.length]!;
          // The secret of a hash that was drawn is nobody's.
          fc.pre(branch.hash === undefined);
          const tx = spendContract(plan(contract, branch.name));
          expect(scriptError(contract, tx)).toBeUndefined();
        }),
        runs(20),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test("takes any two of three, in any order, and no more than it needs", () => {
    const contract = example("escrow");
    const { psbt } = makeContractSpend(plan(contract, "spend"));
    const [anna, ben, cleo] = sign(contract, "spend", psbt, ANNA, BEN, CLEO);
    for (const psbts of [
      [anna, ben],
      [cleo, anna],
      [ben, cleo],
      [cleo, ben, anna],
    ]) {
      const tx = finishContractSpend(contract, "spend", psbts as Uint8Array[]);
      expect(tx.inputs[0]!.witness).toHaveLength(4);
      expect(scriptError(contract, tx)).toBeUndefined();
    }
  });

  test("signs one PSBT after the other as well", () => {
    const contract = example("escrow");
    const { psbt } = makeContractSpend(plan(contract, "spend"));
    const [first] = sign(contract, "spend", psbt, CLEO);
    const [both] = sign(contract, "spend", first!, ANNA);
    expect(finishContractSpend(contract, "spend", [both!]).inputs).toHaveLength(1);
  });

  test("says who is missing", () => {
    const contract = makeContract("escrow", {
      buyer: { name: "Anna", ...party(ANNA) },
      seller: { name: "Ben", ...party(BEN) },
      arbiter: party(CLEO),
    });
    const { psbt } = makeContractSpend(plan(contract, "spend"));
    const [ben] = sign(contract, "spend", psbt, BEN);
    const names = contract.branches[0]!.parties.map(({ name }) => name);
    expect(factsOf(() => finishContractSpend(contract, "spend", [ben!]))).toEqual({
      code: "spend-signatures-missing",
      branch: "spend",
      missing: names.filter((name) => name !== "Ben"),
      needed: 1,
    });
  });

  test("takes the secret from the PSBT or from the caller, and no other", () => {
    const contract = example("htlc");
    const bare = makeContractSpend(plan(contract, "claim")).psbt;
    const full = makeContractSpend(plan(contract, "claim", { preimage: SECRET })).psbt;
    const [signedBare] = sign(contract, "claim", bare, BEN);
    const [signedFull] = sign(contract, "claim", full, BEN);
    const wrong = new Uint8Array(32).fill(1);
    const finish = (psbt: Uint8Array | undefined, secret?: Uint8Array) =>
      codeOf(() => finishContractSpend(contract, "claim", [psbt!], secret));
    expect(finish(signedFull)).toBe("none");
    expect(finish(signedBare, SECRET)).toBe("none");
    expect(finish(signedBare)).toBe("spend-preimage-missing");
    expect(finish(signedBare, wrong)).toBe("spend-preimage-wrong");
    expect(finish(signedFull, SECRET.subarray(1))).toBe("spend-preimage-wrong");
    const refund = makeContractSpend(plan(contract, "refund")).psbt;
    const [signedRefund] = sign(contract, "refund", refund, ANNA);
    expect(codeOf(() => finishContractSpend(contract, "refund", [signedRefund!], SECRET))).toBe(
      "spend-preimage-wrong",
    );
  });

  test("knows that a secret of another length opens nothing", () => {
    const short = SECRET.subarray(1);
    const { parameters } = example("htlc");
    const contract = makeContract("htlc", { ...parameters, hash: toHex(sha256(short)) });
    const { psbt } = makeContractSpend(plan(contract, "claim"));
    const [ben] = sign(contract, "claim", psbt, BEN);
    expect(codeOf(() => finishContractSpend(contract, "claim", [ben!], short))).toBe(
      "spend-preimage-wrong",
    );
  });

  test("refuses a PSBT that was made for another branch", () => {
    const contract = example("htlc");
    const { psbt } = makeContractSpend(plan(contract, "claim", { preimage: SECRET }));
    const [ben] = sign(contract, "claim", psbt, BEN);
    expect(codeOf(() => finishContractSpend(contract, "refund", [ben!]))).toBe(
      "spend-wrong-branch",
    );
    expect(codeOf(() => sign(contract, "refund", psbt, ANNA))).toBe("spend-wrong-branch");
    expect(codeOf(() => sign(contract, "heirs", psbt, ANNA))).toBe("spend-branch-unknown");
    const inherited = example("inheritance");
    const owners = makeContractSpend(plan(inherited, "owner")).psbt;
    expect(codeOf(() => sign(inherited, "heirs", owners, BEN))).toBe("spend-wrong-branch");
  });

  test("refuses signatures of another transaction", () => {
    const contract = example("escrow");
    const { psbt } = makeContractSpend(plan(contract, "spend"));
    const other = makeContractSpend(plan(contract, "spend", { feerate: 3 })).psbt;
    const [anna] = sign(contract, "spend", psbt, ANNA);
    const [ben] = sign(contract, "spend", other, BEN);
    expect(codeOf(() => finishContractSpend(contract, "spend", [anna!, ben!]))).toBe(
      "spend-psbts-differ",
    );

    // Ben's signature of the other transaction, put where one of this transaction belongs.
    const forged = Psbt.fromBuffer(psbt);
    forged.updateInput(0, { partialSig: Psbt.fromBuffer(ben!).data.inputs[0]!.partialSig! });
    const mixed = [anna!, forged.toBuffer()];
    expect(factsOf(() => finishContractSpend(contract, "spend", mixed))).toEqual({
      code: "spend-signature-wrong",
      wrong: ["seller"],
    });
    expect(viewContractSpend(contract, mixed[1]!).branches[0]!.wrong).toEqual(["seller"]);
    expect(codeOf(() => sign(contract, "spend", mixed[1]!, BEN))).toBe("spend-signature-wrong");
    // Two good ones are enough, whatever else came.
    const [cleo] = sign(contract, "spend", psbt, CLEO);
    expect(codeOf(() => finishContractSpend(contract, "spend", [...mixed, cleo!]))).toBe("none");
  });

  test("refuses no PSBTs, and too many", () => {
    const contract = example("escrow");
    const { psbt } = makeContractSpend(plan(contract, "spend"));
    const many = new Array<Uint8Array>(MAX_PSBTS + 1).fill(psbt);
    for (const psbts of [[], many]) {
      expect(codeOf(() => finishContractSpend(contract, "spend", psbts))).toBe(
        "spend-psbts-differ",
      );
    }
  });

  test("makes witnesses that cannot be changed by others", () => {
    const contract = example("inheritance");
    const tx = spendContract(plan(contract, "heirs"));
    const twist = (place: number, item: Uint8Array) => {
      const witness = tx.inputs[0]!.witness.map((was, index) => (index === place ? item : was));
      return makeTransaction({ ...tx, inputs: [{ ...tx.inputs[0]!, witness }] });
    };
    const [dummy, one, two, selector] = tx.inputs[0]!.witness as Uint8Array[];
    expect([dummy, selector]).toEqual([new Uint8Array(0), new Uint8Array(0)]);
    expect(scriptError(contract, twist(0, Uint8Array.of(1)))).toBe("SIG_NULLDUMMY");
    expect(scriptError(contract, twist(3, Uint8Array.of(0)))).toBe("MINIMALIF");
    expect(scriptError(contract, twist(3, Uint8Array.of(1)))).toBeDefined();
    const swapped = makeTransaction({
      ...tx,
      inputs: [
        { ...tx.inputs[0]!, witness: [dummy!, two!, one!, ...tx.inputs[0]!.witness.slice(3)] },
      ],
    });
    expect(scriptError(contract, swapped)).toBeDefined();
  });
});

describe("makeContractSpend", () => {
  const contract = example("inheritance");
  const dust = { value: 100, scriptPubKey: HOME };
  const refused: readonly (readonly [Partial<ContractSpendPlan>, string])[] = [
    [{ branch: "nobody" }, "spend-branch-unknown"],
    [{ coins: [] }, "spend-coins"],
    [{ coins: [coin(0), coin(0)] }, "spend-coins"],
    [{ coins: [coin(0, -1)] }, "spend-coins"],
    [{ coins: [coin(0, 1.5)] }, "spend-coins"],
    [{ coins: [coin(0, 2 ** 53 - 1), coin(1, 1)] }, "spend-coins"],
    [{ coins: Array.from({ length: 2_500 }, (_, index) => coin(index)) }, "spend-coins"],
    [{ coins: Array.from({ length: 2_000 }, (_, index) => coin(index)) }, "spend-too-large"],
    [{ coins: [coin(0, 300)] }, "spend-funds"],
    [{ outputs: [{ value: 100_000, scriptPubKey: HOME }] }, "spend-funds"],
    [{ outputs: [dust] }, "spend-outputs"],
    [{ outputs: [{ value: 1_000.5, scriptPubKey: HOME }] }, "spend-outputs"],
    [{ outputs: [{ value: 1_000, scriptPubKey: new Uint8Array(0) }] }, "spend-outputs"],
    [{ restTo: new Uint8Array(10_001) }, "spend-outputs"],
    [{ feerate: -1 }, "spend-feerate"],
    [{ feerate: Number.NaN }, "spend-feerate"],
    [{ feerate: MAX_SPEND_FEERATE + 1 }, "spend-feerate"],
    [{ preimage: SECRET }, "spend-preimage-wrong"],
  ];

  // Coins of more than 256 need more than one byte to differ.
  const spread = (changes: Partial<ContractSpendPlan>) =>
    changes.coins === undefined || changes.coins.length < 100
      ? changes
      : {
          ...changes,
          coins: changes.coins.map((each, vout) => ({
            ...each,
            outpoint: { txid: "11".repeat(32) as Txid, vout },
          })),
        };

  test.each(refused.map(([changes, code], index) => [index, code, changes] as const))(
    "refuses what cannot be spent (%d): %s",
    (_, code, changes) => {
      expect(codeOf(() => makeContractSpend(plan(contract, "owner", spread(changes))))).toBe(code);
    },
  );

  test("pays outputs first and sends on what is left", () => {
    const output = { value: 30_000, scriptPubKey: paymentKey(0x52).scriptPubKey };
    const { unsigned, fee } = makeContractSpend(plan(contract, "owner", { outputs: [output] }));
    expect(unsigned.outputs).toEqual([output, { value: 70_000 - fee, scriptPubKey: HOME }]);
  });

  test("leaves to the fee what would be dust", () => {
    const output = { value: 99_500, scriptPubKey: HOME };
    const { unsigned, fee } = makeContractSpend(plan(contract, "owner", { outputs: [output] }));
    expect(unsigned.outputs).toEqual([output]);
    expect(fee).toBe(500);
  });

  test("tells the branch by lock time and sequence numbers", () => {
    const of = (made: Contract, branch: string) => {
      const { lockTime, inputs, version } = makeContractSpend(plan(made, branch)).unsigned;
      return [version, lockTime, inputs[0]!.sequence];
    };
    expect(of(example("htlc"), "claim")).toEqual([2, 0, 0xfffffffd]);
    expect(of(example("htlc"), "refund")).toEqual([2, 250, 0xfffffffd]);
    expect(of(example("htlc", 1), "refund")).toEqual([2, 1_700_003_000, 0xfffffffd]);
    expect(of(contract, "heirs")).toEqual([2, 0, 10]);
    expect(of(example("inheritance", 1), "heirs")).toEqual([2, 0, 0x400002]);
  });
});

describe("signContractPsbt", () => {
  test("changes nothing when it signs again", () => {
    const contract = example("escrow");
    const { psbt } = makeContractSpend(plan(contract, "spend"));
    const [once] = sign(contract, "spend", psbt, ANNA);
    const [twice] = sign(contract, "spend", once!, ANNA);
    expect(toHex(twice!)).toBe(toHex(once!));
  });

  test("refuses keys that are none of the branch", () => {
    const contract = example("inheritance");
    const { psbt } = makeContractSpend(plan(contract, "heirs"));
    expect(codeOf(() => sign(contract, "heirs", psbt, ANNA))).toBe("spend-key-foreign");
    const none = new Uint8Array(32);
    expect(codeOf(() => signContractPsbt(contract, "heirs", psbt, none))).toBe("spend-key-foreign");
  });

  test("refuses PSBTs that are not the contract's", () => {
    const contract = example("escrow");
    const other = makeContractSpend(plan(example("htlc"), "claim")).psbt;
    const { psbt } = makeContractSpend(plan(contract, "spend"));
    const code = (bytes: Uint8Array) => codeOf(() => sign(contract, "spend", bytes, ANNA));
    expect(code(other)).toBe("spend-psbt-foreign");
    expect(code(new Uint8Array(0))).toBe("spend-psbt-malformed");
    expect(code(psbt.subarray(0, -1))).toBe("spend-psbt-malformed");
    expect(code(new Uint8Array(MAX_PSBT_BYTES + 1))).toBe("spend-psbt-malformed");

    const partly = Psbt.fromBuffer(psbt);
    partly.updateInput(0, { sighashType: 0x83 });
    expect(code(partly.toBuffer())).toBe("spend-psbt-foreign");
    const poor = new Psbt();
    poor.addInput({ hash: "11".repeat(32), index: 0 });
    expect(code(poor.toBuffer())).toBe("spend-psbt-foreign");
    expect(code(new Psbt().toBuffer())).toBe("spend-psbt-malformed");
    const elsewhere = new Psbt();
    const witnessUtxo = { script: example("htlc").scriptPubKey, value: 100_000n };
    elsewhere.addInput({ hash: "11".repeat(32), index: 0, witnessUtxo });
    expect(code(elsewhere.toBuffer())).toBe("spend-psbt-foreign");
  });

  test("refuses fields that contradict the contract", () => {
    const contract = example("escrow");
    const { psbt } = makeContractSpend(plan(contract, "spend"));
    const parent = makeTransaction({
      version: 2,
      lockTime: 0,
      inputs: [],
      outputs: [{ value: 5, scriptPubKey: contract.scriptPubKey }],
    });
    const script = Uint8Array.of(0x51);
    const changes = [
      { redeemScript: script },
      { tapInternalKey: ANNA.publicKey.subarray(1) },
      { nonWitnessUtxo: encodeTransaction(parent) },
    ];
    for (const change of changes) {
      const hostile = Psbt.fromBuffer(psbt);
      Object.assign(hostile.data.inputs[0]!, change);
      const act = () => sign(contract, "spend", hostile.toBuffer(), ANNA);
      expect(codeOf(act)).toBe("spend-psbt-malformed");
    }
    const other = Psbt.fromBuffer(psbt);
    Object.assign(other.data.inputs[0]!, { witnessScript: script });
    expect(codeOf(() => sign(contract, "spend", other.toBuffer(), ANNA))).toStartWith("spend-psbt");
  });

  test("does not believe a witness that somebody says is final", () => {
    const contract = example("escrow");
    const hostile = Psbt.fromBuffer(makeContractSpend(plan(contract, "spend")).psbt);
    Object.assign(hostile.data.inputs[0]!, { finalScriptWitness: Uint8Array.of(1, 1, 0x51) });
    const psbt = hostile.toBuffer();
    expect(viewContractSpend(contract, psbt).branches[0]!.signed).toEqual([]);
    expect(codeOf(() => finishContractSpend(contract, "spend", [psbt]))).toBe(
      "spend-signatures-missing",
    );
  });

  test(
    "throws nothing but ContractError on PSBTs that were damaged",
    () => {
      const contract = example("escrow");
      const { psbt } = makeContractSpend(plan(contract, "spend"));
      const [signed] = sign(contract, "spend", psbt, ANNA);
      const edit = fc.record({ place: fc.nat(signed!.length - 1), byte: fc.nat(255) });
      fc.assert(
        fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
          const bytes = signed!.slice();
          for (const { place, byte } of edits) bytes[place] = byte;
          codeOf(() => viewContractSpend(contract, bytes));
          codeOf(() => sign(contract, "spend", bytes, BEN));
          codeOf(() => combineContractPsbts(contract, [psbt, bytes]));
          codeOf(() => finishContractSpend(contract, "spend", [psbt, bytes]));
        }),
        runs(300),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});

describe("combineContractPsbts", () => {
  test("puts signatures together, as viewContractSpend shows", () => {
    const contract = example("escrow");
    const { psbt, fee } = makeContractSpend(plan(contract, "spend"));
    const signed = sign(contract, "spend", psbt, ANNA, CLEO);
    const both = combineContractPsbts(contract, signed);
    const view = viewContractSpend(contract, both);
    expect(view).toMatchObject({ fee, values: [100_000] });
    const [branch] = view.branches;
    expect([...branch!.signed].sort()).toEqual(["arbiter", "buyer"]);
    expect(branch).toMatchObject({ isLockMet: true, missing: ["seller"], wrong: [], threshold: 2 });
    expect(codeOf(() => finishContractSpend(contract, "spend", [both]))).toBe("none");
  });

  test("shows which branch a PSBT is for", () => {
    const contract = example("htlc");
    const view = (branch: string, preimage?: Uint8Array) => {
      const extra = preimage === undefined ? {} : { preimage };
      const { psbt } = makeContractSpend(plan(contract, branch, extra));
      return viewContractSpend(contract, psbt).branches.map((each) => [
        each.name,
        each.isLockMet,
        each.hasPreimage,
      ]);
    };
    expect(view("claim", SECRET)).toEqual([
      ["claim", true, true],
      ["refund", false, true],
    ]);
    expect(view("refund")).toEqual([
      ["claim", true, false],
      ["refund", true, true],
    ]);
  });

  test("refuses PSBTs of different spends", () => {
    const contract = example("escrow");
    const one = makeContractSpend(plan(contract, "spend")).psbt;
    const two = makeContractSpend(plan(contract, "spend", { coins: [coin(1)] })).psbt;
    expect(codeOf(() => combineContractPsbts(contract, [one, two]))).toBe("spend-psbts-differ");
  });
});

describe("findPreimage", () => {
  test("finds the secret in a claim, and nothing in a refund or elsewhere", () => {
    const contract = example("htlc");
    const claim = spendContract(plan(contract, "claim"));
    expect(equalBytes(findPreimage(contract, claim)!, SECRET)).toBe(true);
    expect(findPreimage(contract, spendContract(plan(contract, "refund")))).toBeUndefined();
    expect(findPreimage(example("htlc", 1), claim)).toBeUndefined();
    expect(findPreimage(example("escrow"), claim)).toBeUndefined();
  });
});

describe("bitcoinjs-lib", () => {
  const foreignSign = (psbt: Uint8Array, key: NamedKey) =>
    Psbt.fromBuffer(psbt).signAllInputs(ECPair.fromPrivateKey(key.privateKey)).toBuffer();

  test.each(EXAMPLES.map(([template], index) => [template, index] as const))(
    "signs our PSBT of any contract, and ours finishes: %s %d",
    (template, index) => {
      const contract = makeContract(template, EXAMPLES[index]![1]);
      for (const branch of contract.branches) {
        const preimage = branch.hash === undefined ? {} : { preimage: SECRET };
        const { psbt } = makeContractSpend(plan(contract, branch.name, preimage));
        const signed = branch.parties
          .slice(-branch.threshold)
          .map(({ publicKey }) => foreignSign(psbt, keyOf(publicKey)));
        const tx = finishContractSpend(contract, branch.name, signed);
        expect(scriptError(contract, tx)).toBeUndefined();
      }
    },
  );

  test("finishes what ours has signed: the same transaction", () => {
    const contract = example("multisig");
    const coins = [coin(0), coin(1)];
    const { psbt } = makeContractSpend(plan(contract, "spend", { coins }));
    const [anna] = sign(contract, "spend", psbt, ANNA);
    const both = foreignSign(anna!, CLEO);
    const theirs = Psbt.fromBuffer(both).finalizeAllInputs().extractTransaction();
    const ours = finishContractSpend(contract, "spend", [both]);
    expect(theirs.getId()).toBe(ours.txid);
    expect(toHex(theirs.toBuffer())).toBe(toHex(encodeTransaction(ours)));
  });

  test("makes a PSBT that ours signs and finishes", () => {
    const contract = example("escrow");
    const theirs = new Psbt();
    theirs.addInput({
      hash: coin(0).outpoint.txid,
      index: 0,
      witnessUtxo: { script: contract.scriptPubKey, value: 100_000n },
      witnessScript: contract.witnessScript,
    });
    theirs.addOutput({ script: HOME, value: 99_000n });
    const psbt = theirs.toBuffer();
    const [anna] = sign(contract, "spend", psbt, ANNA);
    const tx = finishContractSpend(contract, "spend", [anna!, foreignSign(psbt, BEN)]);
    expect(scriptError(contract, tx)).toBeUndefined();
    expect(viewContractSpend(contract, psbt).fee).toBe(1_000);
  });

  test("reads the secret where BIP-0174 puts it", () => {
    const contract = example("htlc");
    const { psbt } = makeContractSpend(plan(contract, "claim", { preimage: SECRET }));
    const fields = Psbt.fromBuffer(psbt).data.inputs[0]!.unknownKeyVals!;
    expect(fields.map(({ key, value }) => [toHex(key), toHex(value)])).toEqual([
      [`0b${toHex(SECRET_HASH)}`, toHex(SECRET)],
    ]);
  });

  test("fills in the script that a PSBT does not have", () => {
    const contract = example("escrow");
    const bare = new Psbt();
    bare.addInput({
      hash: coin(0).outpoint.txid,
      index: 0,
      witnessUtxo: { script: contract.scriptPubKey, value: 100_000n },
    });
    bare.addOutput({ script: HOME, value: 99_000n });
    const signed = sign(contract, "spend", bare.toBuffer(), ANNA, CLEO);
    const tx = finishContractSpend(contract, "spend", signed);
    expect(scriptError(contract, tx)).toBeUndefined();
  });

  test("agrees on the heirs' branch of an inheritance", () => {
    const contract = example("inheritance");
    const { psbt } = makeContractSpend(plan(contract, "heirs"));
    const [ben] = sign(contract, "heirs", psbt, BEN);
    const both = combineContractPsbts(contract, [ben!, foreignSign(psbt, DORA)]);
    const tx = finishContractSpend(contract, "heirs", [both]);
    expect(scriptError(contract, tx)).toBeUndefined();
  });
});
