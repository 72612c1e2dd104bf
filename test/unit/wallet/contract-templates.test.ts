/** Parameters of contracts: what is read, what is refused and why, and what they mean in words. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { toHex } from "../../../src/lib/bytes.ts";
import { type JsonValue, parseJson } from "../../../src/lib/json.ts";
import { ContractError } from "../../../src/wallet/contract-error.ts";
import { makeContract, TEMPLATE_NAMES } from "../../../src/wallet/contract-templates.ts";
import {
  ANNA,
  arbitraryContract,
  BEN,
  CLEO,
  codeOf,
  DORA,
  EXAMPLES,
  KEYS,
  party,
  SECRET_HASH,
} from "../../support/contracts.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";

const HTLC = {
  receiver: party(BEN),
  sender: party(ANNA),
  hash: toHex(SECRET_HASH),
  refundAfter: { height: 1_200 },
};
const MULTISIG = { keys: [ANNA, BEN].map(party), threshold: 1 };
const HEIRS = { owner: party(ANNA), heirs: [party(BEN)], threshold: 1, after: { blocks: 1 } };
const named = (name: unknown) => ({ ...party(ANNA), name });
const locked = (lock: unknown) => ({ owner: party(ANNA), lock });

const REFUSED: readonly (readonly [template: string, parameters: unknown, code: string])[] = [
  ["will", {}, "contract-template-unknown"],
  ["toString", {}, "contract-template-unknown"],
  ["multisig", undefined, "contract-shape"],
  ["multisig", null, "contract-shape"],
  ["multisig", [], "contract-shape"],
  ["multisig", { ...MULTISIG, keys: "many" }, "contract-shape"],
  ["multisig", { keys: MULTISIG.keys }, "contract-parameter-missing"],
  ["multisig", { ...MULTISIG, note: 1 }, "contract-parameter-unknown"],
  ["multisig", { ...MULTISIG, keys: [] }, "contract-key-count"],
  ["multisig", { ...MULTISIG, keys: KEYS.map(party) }, "contract-key-count"],
  ["multisig", { ...MULTISIG, threshold: 0 }, "contract-threshold"],
  ["multisig", { ...MULTISIG, threshold: 3 }, "contract-threshold"],
  ["multisig", { ...MULTISIG, threshold: 1.5 }, "contract-threshold"],
  ["multisig", { ...MULTISIG, threshold: "1" }, "contract-threshold"],
  ["multisig", { ...MULTISIG, keys: [ANNA, ANNA].map(party) }, "contract-key-twice"],
  ["multisig", { ...MULTISIG, keys: [{ ...party(ANNA), age: 9 }] }, "contract-parameter-unknown"],
  ["multisig", { ...MULTISIG, keys: [{ name: "Anna" }] }, "contract-parameter-missing"],
  ["multisig", { ...MULTISIG, keys: [{ publicKey: 7 }] }, "contract-key"],
  ["multisig", { ...MULTISIG, keys: [{ publicKey: `04${"11".repeat(64)}` }] }, "contract-key"],
  // 5 is the x of no point.
  [
    "multisig",
    { ...MULTISIG, keys: [{ publicKey: `02${"5".padStart(64, "0")}` }] },
    "contract-key",
  ],
  ["multisig", { ...MULTISIG, keys: [{ publicKey: `02${"ff".repeat(32)}` }] }, "contract-key"],
  ["multisig", { ...MULTISIG, keys: [named(""), party(BEN)] }, "contract-name"],
  ["multisig", { ...MULTISIG, keys: [named("x".repeat(41)), party(BEN)] }, "contract-name"],
  ["multisig", { ...MULTISIG, keys: [named("a\u202eb"), party(BEN)] }, "contract-name"],
  ["multisig", { ...MULTISIG, keys: [named("a\nb"), party(BEN)] }, "contract-name"],
  ["multisig", { ...MULTISIG, keys: [named("Anna "), party(BEN)] }, "contract-name"],
  ["multisig", { ...MULTISIG, keys: [named("<b>"), party(BEN)] }, "contract-name"],
  ["multisig", { ...MULTISIG, keys: [named("Signer 2"), party(BEN)] }, "contract-name-twice"],
  ["timelock", locked({}), "contract-lock"],
  ["timelock", locked({ height: 1, time: 500_000_000 }), "contract-lock"],
  ["timelock", locked({ constructor: 1 }), "contract-lock"],
  ["timelock", locked({ height: 0 }), "contract-lock"],
  ["timelock", locked({ height: 500_000_000 }), "contract-lock"],
  ["timelock", locked({ time: 499_999_999 }), "contract-lock"],
  ["timelock", locked({ time: 2 ** 31 }), "contract-lock"],
  ["timelock", locked({ blocks: 0 }), "contract-lock"],
  ["timelock", locked({ blocks: 65_536 }), "contract-lock"],
  ["timelock", locked({ seconds: 0 }), "contract-lock"],
  ["timelock", locked({ seconds: 65_535 * 512 + 1 }), "contract-lock"],
  ["timelock", locked(7), "contract-shape"],
  ["htlc", { ...HTLC, refundAfter: { blocks: 10 } }, "contract-lock"],
  ["htlc", { ...HTLC, hash: "00" }, "contract-hash"],
  ["htlc", { ...HTLC, hash: null }, "contract-hash"],
  ["htlc", { ...HTLC, sender: party(BEN) }, "contract-key-twice"],
  ["escrow", { buyer: party(ANNA), seller: party(BEN) }, "contract-parameter-missing"],
  ["inheritance", { ...HEIRS, after: { height: 10 } }, "contract-lock"],
  ["inheritance", { ...HEIRS, heirs: [party(ANNA)] }, "contract-key-twice"],
  ["inheritance", { ...HEIRS, threshold: 2 }, "contract-threshold"],
];

const ACCEPTED: readonly unknown[] = [
  { height: 1 },
  { height: 499_999_999 },
  { time: 500_000_000 },
  { time: 2 ** 31 - 1 },
  { blocks: 1 },
  { blocks: 65_535 },
  { seconds: 512 },
  { seconds: 65_535 * 512 },
];

/** Parameters that are nearly right: one field of a good contract is anything. */
const nearly = fc
  .tuple(arbitraryContract, fc.nat(), fc.anything())
  .map(([[template, parameters], place, value]) => {
    const names = Object.keys(parameters as object);
    const name = names[place % names.length]!;
    return [template, { ...(parameters as object), [name]: value }] as const;
  });

describe("makeContract", () => {
  test.each(REFUSED)("refuses %s of %j: %s", (template, parameters, code) => {
    expect(codeOf(() => makeContract(template, parameters))).toBe(code);
  });

  test.each(ACCEPTED)("takes a lock at its limit: %j", (lock) => {
    const contract = makeContract("timelock", locked(lock));
    expect(contract.parameters).toEqual({ ...locked(lock) } as never);
  });

  test("rounds seconds up to what a script can say", () => {
    const { parameters, branches } = makeContract("timelock", locked({ seconds: 86_400 }));
    expect(branches[0]!.lock).toEqual({ unit: "seconds", value: 169 * 512 });
    expect(parameters).toMatchObject({ lock: { seconds: 169 * 512 } });
  });

  test("says which field is wrong, and what it may be", () => {
    const keys = [party(ANNA), { publicKey: "" }];
    const caught = catchError(() => makeContract("multisig", { keys, threshold: 1 }));
    expect(caught.facts).toEqual({ path: "parameters.keys[1].publicKey" });
    const lock = catchError(() => makeContract("timelock", locked({ blocks: -1 })));
    expect(lock.facts).toEqual({ path: "parameters.lock.blocks", least: 1, most: 65_535 });
  });

  test.each(EXAMPLES)("makes the same contract again of its parameters: %s", (template, given) => {
    const contract = makeContract(template, given);
    const text = JSON.stringify(contract.parameters);
    expect(makeContract(template, parseJson(text))).toEqual(contract);
    expect(contract.words.length).toBeGreaterThan(0);
  });

  test("makes the same script whatever the order of keys", () => {
    const one = makeContract("multisig", { keys: [ANNA, BEN, CLEO].map(party), threshold: 2 });
    const two = makeContract("multisig", { keys: [CLEO, ANNA, BEN].map(party), threshold: 2 });
    expect(two.descriptor).toBe(one.descriptor);
  });

  test(
    "throws nothing but ContractError, whatever it is given",
    () => {
      const anything = fc.tuple(fc.constantFrom(...TEMPLATE_NAMES, "x"), fc.anything());
      fc.assert(
        fc.property(fc.oneof(anything, nearly), ([template, parameters]) => {
          codeOf(() => makeContract(template, parameters));
        }),
        runs(2_000),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "reads again what it has read",
    () => {
      fc.assert(
        fc.property(arbitraryContract, ([template, given]) => {
          const { parameters, witnessScript } = makeContract(template, given);
          const again = makeContract(template, parameters as JsonValue);
          expect(toHex(again.witnessScript)).toBe(toHex(witnessScript));
        }),
        runs(100),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});

describe("Contract.words", () => {
  const anna = named("Anna");
  const ben = { ...party(BEN), name: "Ben" };

  test("name those who can spend, and when", () => {
    const heirs = [ben, party(CLEO), { ...party(DORA), name: "Zoë" }];
    const words = makeContract(
      "inheritance",
      { owner: anna, heirs, threshold: 2, after: { blocks: 52_560 } },
      600,
    ).words;
    expect(words[0]).toBe("Anna (owner) can spend at any time.");
    expect(words[1]).toContain("once the coins have 52,560 confirmations (about 365 days).");
    expect(words[1]).toStartWith("Any 2 of Ben (heir 1), heir 2 and Zoë (heir 3) together can ");
  });

  test("of a swap tell of the secret and of the date", () => {
    const refundAfter = { time: 1_893_456_000 };
    const { words } = makeContract("htlc", { ...HTLC, sender: anna, receiver: ben, refundAfter });
    expect(words[0]).toContain(toHex(SECRET_HASH));
    expect(words[1]).toBe(
      "Anna (sender) can spend once the chain's median time has passed 1 January 2030, 00:00:00 UTC.",
    );
  });

  test("of a lock say what it waits for", () => {
    const of = (lock: unknown) => makeContract("timelock", { owner: anna, lock }, 10).words[0];
    expect(of({ height: 1_200 })).toContain("once the chain has reached block 1,200");
    expect(of({ blocks: 1 })).toContain("once the coins have 1 confirmation (about 10 seconds)");
    expect(of({ seconds: 1_048_576 })).toContain("about 12 days (1,048,576 seconds)");
  });

  test("of one, all or any of several signers are told apart", () => {
    const of = (count: number, threshold: number) =>
      makeContract("multisig", { keys: [anna, ben, party(CLEO)].slice(0, count), threshold })
        .words[0];
    expect(of(1, 1)).toBe("Anna (signer 1) can spend at any time.");
    expect(of(2, 2)).toContain("together can spend at any time");
    expect(of(3, 1)).toStartWith("Any one of ");
    expect(of(3, 2)).toStartWith("Any 2 of ");
  });
});

function catchError(act: () => unknown): ContractError {
  try {
    act();
  } catch (error) {
    if (error instanceof ContractError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
