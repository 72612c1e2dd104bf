/**
 * Scripts of contracts against somebody else's miniscript: the compiler gives the same bytes, the
 * analysis finds them sane, and the satisfier needs what our branches say.
 */

import { describe, expect, test } from "bun:test";
import { analyzeMiniscript, compileMiniscript, satisfier } from "@bitcoinerlab/miniscript";
import fc from "fast-check";
import { compareBytes, concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { findOpcode } from "../../../src/script/opcodes.ts";
import { MAX_MULTISIG_KEYS, pushData } from "../../../src/script/script.ts";
import { classifyOutput } from "../../../src/script/standard.ts";
import {
  branchWitness,
  type Contract,
  getBranch,
  partiesByKey,
} from "../../../src/wallet/contract.ts";
import { lockFields } from "../../../src/wallet/contract-lock.ts";
import { makeContract } from "../../../src/wallet/contract-templates.ts";
import {
  arbitraryContract,
  BRANCHES,
  codeOf,
  EXAMPLES,
  example,
  SECRET,
} from "../../support/contracts.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";

/** The library's text of a script as bytes: `<hex>` and small numbers are pushes. */
function assemble(asm: string): Uint8Array {
  const parts = asm.split(" ").map((word) => {
    if (word.startsWith("<")) return pushData(fromHex(word.slice(1, -1)));
    if (/^\d+$/.test(word)) return pushData(word === "0" ? NOTHING : Uint8Array.of(Number(word)));
    return Uint8Array.of(findOpcode(word)!);
  });
  return concatBytes(...parts);
}

const NOTHING = new Uint8Array(0);

/** Test vectors of BIP-0067 whose keys are points: keys as listed, and the 2-of-n script. */
const SORTED_KEYS: readonly (readonly [keys: readonly string[], script: string])[] = [
  [
    [
      "02ff12471208c14bd580709cb2358d98975247d8765f92bc25eab3b2763ed605f8",
      "02fe6f0a5a297eb38c391581c4413e084773ea23954d93f7753db7dc0adc188b2f",
    ],
    "522102fe6f0a5a297eb38c391581c4413e084773ea23954d93f7753db7dc0adc188b2f" +
      "2102ff12471208c14bd580709cb2358d98975247d8765f92bc25eab3b2763ed605f852ae",
  ],
  [
    [
      "02632b12f4ac5b1d1b72b2a3b508c19172de44f6f46bcee50ba33f3f9291e47ed0",
      "027735a29bae7780a9755fae7a1c4374c656ac6a69ea9f3697fda61bb99a4f3e77",
      "02e2cc6bd5f45edd43bebe7cb9b675f0ce9ed3efe613b177588290ad188d11b404",
    ],
    "522102632b12f4ac5b1d1b72b2a3b508c19172de44f6f46bcee50ba33f3f9291e47ed0" +
      "21027735a29bae7780a9755fae7a1c4374c656ac6a69ea9f3697fda61bb99a4f3e77" +
      "2102e2cc6bd5f45edd43bebe7cb9b675f0ce9ed3efe613b177588290ad188d11b40453ae",
  ],
  [
    [
      "022df8750480ad5b26950b25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da",
      "03e3818b65bcc73a7d64064106a859cc1a5a728c4345ff0b641209fba0d90de6e9",
      "021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc18",
    ],
    "5221021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc18" +
      "21022df8750480ad5b26950b25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da" +
      "2103e3818b65bcc73a7d64064106a859cc1a5a728c4345ff0b641209fba0d90de6e953ae",
  ],
];

function expectSameScript({ miniscript, witnessScript }: Contract): void {
  const compiled = compileMiniscript(miniscript);
  expect(compiled.error).toBeNull();
  expect(compiled.issane).toBe(true);
  expect(toHex(assemble(compiled.asm))).toBe(toHex(witnessScript));
  const analysis = analyzeMiniscript(miniscript);
  expect(analysis).toMatchObject({
    valid: true,
    needsSignature: true,
    nonMalleable: true,
    timelockMix: false,
    hasDuplicateKeys: false,
  });
}

describe("makeContractCore", () => {
  test.each(EXAMPLES)("makes of %s what miniscript makes of it", (template, parameters) => {
    expectSameScript(makeContract(template, parameters));
  });

  test(
    "makes what miniscript makes, whatever the parameters",
    () => {
      fc.assert(
        fc.property(arbitraryContract, ([template, parameters]) => {
          expectSameScript(makeContract(template, parameters));
        }),
        runs(150),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test("pays to the script's hash, and puts keys in the order of BIP-0067", () => {
    const { branches, scriptPubKey, descriptor, miniscript } = example("escrow");
    const keys = partiesByKey(branches[0]!).map(({ publicKey }) => publicKey);
    expect(classifyOutput(scriptPubKey)).toBe("witness_v0_scripthash");
    expect(keys.map(toHex)).toEqual([...keys].sort(compareBytes).map(toHex));
    expect(descriptor).toBe(`wsh(${miniscript})`);
    expect(miniscript).toStartWith("multi(2,");
  });

  test.each(SORTED_KEYS)("puts keys in the order that BIP-0067 publishes (%#)", (keys, script) => {
    const parameters = { keys: keys.map((publicKey) => ({ publicKey })), threshold: 2 };
    expect(toHex(makeContract("multisig", parameters).witnessScript)).toBe(script);
  });

  test("keeps far from what is relayed at most with the most keys", () => {
    const { witnessScript } = example("multisig", 2);
    expect(example("multisig", 2).branches[0]!.parties).toHaveLength(MAX_MULTISIG_KEYS);
    expect(witnessScript.length).toBeLessThan(800);
  });
});

describe("branchWitness", () => {
  test.each(BRANCHES.filter(([title]) => !title.startsWith("multisig 2")))(
    "is what miniscript's satisfier gives: %s",
    (_, contract, branch) => {
      // One symbol for each signature, in the library's text and in ours.
      const symbols = partiesByKey(branch)
        .slice(0, branch.threshold)
        .map(({ publicKey }) => new TextEncoder().encode(`<sig(${toHex(publicKey)})>`));
      const secret = branch.hash === undefined ? undefined : SECRET;
      const items = branchWitness(contract, branch, symbols, secret).slice(0, -1);
      const ours = items
        .map((item) => {
          if (item.length === 0) return "0";
          if (item.length === 1) return String(item[0]);
          if (item === SECRET) return `<sha256_preimage(${toHex(branch.hash!)})>`;
          return new TextDecoder().decode(item);
        })
        .join(" ");
      const { nonMalleableSats, malleableSats } = satisfier(contract.miniscript);
      const theirs = nonMalleableSats.find(({ asm }) => asm === ours);
      expect(theirs).toBeDefined();
      expect(malleableSats).toEqual([]);

      const { lockTime, sequence } = lockFields(branch.lock);
      expect(theirs?.nLockTime ?? 0).toBe(lockTime);
      expect(theirs?.nSequence ?? 0xfffffffd).toBe(sequence);
    },
  );
});

describe("getBranch", () => {
  test("finds a branch by its name, and no other", () => {
    expect(getBranch(example("htlc"), "refund").lock).toEqual({ unit: "height", value: 250 });
    expect(codeOf(() => getBranch(example("htlc"), "owner"))).toBe("spend-branch-unknown");
  });
});
