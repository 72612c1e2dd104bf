/**
 * The contracts that can be made: five recipes, each of which reads its parameters and says which
 * branches they mean. Everything else about a contract is the same for all of them.
 *
 * A new template is a new recipe here, and nothing more.
 */

import { toHex } from "../lib/bytes.ts";
import type { JsonObject } from "../lib/json.ts";
import {
  type BranchName,
  type Contract,
  type ContractBranch,
  type ContractParty,
  makeContractCore,
  type TemplateName,
} from "./contract.ts";
import { ContractError } from "./contract-error.ts";
import { isRelative } from "./contract-lock.ts";
import {
  checkDistinct,
  formatLock,
  formatParty,
  readFields,
  readHash,
  readLock,
  readParties,
  readParty,
  readThreshold,
} from "./contract-parameters.ts";
import { branchSentence, joinWords, partyLabel } from "./contract-words.ts";

/** What a recipe makes of parameters. */
interface Recipe {
  /** As they were read. */
  readonly parameters: JsonObject;
  readonly branches: readonly [ContractBranch] | readonly [ContractBranch, ContractBranch];
  /** What the branches together mean, beyond what each says of itself. */
  readonly notes: readonly string[];
}

const RECIPES: Readonly<Record<TemplateName, (parameters: unknown) => Recipe>> = {
  multisig,
  timelock,
  htlc,
  escrow,
  inheritance,
};

/** The names of all templates. */
export const TEMPLATE_NAMES = Object.keys(RECIPES) as readonly TemplateName[];

/**
 * Makes a contract of plain JSON values; `blockSeconds`, the network's spacing, lets its words say
 * how long blocks take. Throws ContractError, and nothing else, on anything it cannot be made of.
 */
export function makeContract(
  template: string,
  parameters: unknown,
  blockSeconds?: number,
): Contract {
  const name = TEMPLATE_NAMES.find((known) => known === template);
  if (name === undefined) {
    throw new ContractError(
      "contract-template-unknown",
      `the templates are ${TEMPLATE_NAMES.join(", ")}`,
      { known: TEMPLATE_NAMES },
    );
  }
  const recipe = RECIPES[name](parameters);
  checkDistinct(recipe.branches.flatMap(({ parties }) => parties));
  const core = makeContractCore(recipe.branches);
  return {
    template: name,
    parameters: recipe.parameters,
    ...core,
    words: [
      ...core.branches.map((branch) => branchSentence(branch, blockSeconds)),
      ...recipe.notes,
    ],
  };
}

/** `threshold` of `keys` spend at any time. */
function multisig(value: unknown): Recipe {
  const fields = readFields(value, "parameters", ["keys", "threshold"]);
  const parties = readParties(fields.keys, "parameters.keys", "signer");
  const threshold = readThreshold(fields.threshold, "parameters.threshold", parties.length);
  return {
    parameters: { keys: parties.map(formatParty), threshold },
    branches: [{ name: "spend", parties, threshold }],
    notes: [],
  };
}

/** `owner` alone spends, and not before `lock` is open. */
function timelock(value: unknown): Recipe {
  const fields = readFields(value, "parameters", ["owner", "lock"]);
  const owner = readParty(fields.owner, "parameters.owner", "owner");
  const lock = readLock(fields.lock, "parameters.lock", ["height", "time", "blocks", "seconds"]);
  return {
    parameters: { owner: formatParty(owner), lock: formatLock(lock) },
    branches: [{ ...aloneIn("spend", owner), lock }],
    notes: [
      "Until then nobody can spend.",
      ...(isRelative(lock) ? ["Each coin that is paid in waits for itself."] : []),
    ],
  };
}

/** `receiver` spends with the secret; `sender` takes the coins back once `refundAfter` is open. */
function htlc(value: unknown): Recipe {
  const names = ["receiver", "sender", "hash", "refundAfter"];
  const fields = readFields(value, "parameters", names);
  const receiver = readParty(fields.receiver, "parameters.receiver", "receiver");
  const sender = readParty(fields.sender, "parameters.sender", "sender");
  const hash = readHash(fields.hash, "parameters.hash");
  const lock = readLock(fields.refundAfter, "parameters.refundAfter", ["height", "time"]);
  return {
    parameters: {
      receiver: formatParty(receiver),
      sender: formatParty(sender),
      hash: toHex(hash),
      refundAfter: formatLock(lock),
    },
    branches: [
      { ...aloneIn("claim", receiver), hash },
      { ...aloneIn("refund", sender), lock },
    ],
    notes: [
      "Who reads the chain then knows the secret.",
      "Once both can spend, whoever comes first does.",
    ],
  };
}

/** Any two of three spend: the two who deal, or one of them with `arbiter`. */
function escrow(value: unknown): Recipe {
  const roles = ["buyer", "seller", "arbiter"] as const;
  const fields = readFields(value, "parameters", roles);
  const [buyer, seller, arbiter] = roles.map((role) =>
    readParty(fields[role], `parameters.${role}`, role),
  ) as [ContractParty, ContractParty, ContractParty];
  const dealers = joinWords([partyLabel(buyer), partyLabel(seller)], "and");
  return {
    parameters: {
      buyer: formatParty(buyer),
      seller: formatParty(seller),
      arbiter: formatParty(arbiter),
    },
    branches: [{ name: "spend", parties: [buyer, seller, arbiter], threshold: 2 }],
    notes: [
      `If ${dealers} agree, nobody else is needed.`,
      "If they do not, the third decides by signing with one of them; alone nobody can spend.",
    ],
  };
}

/** `owner` spends at any time; `threshold` of `heirs` do once a coin has lain still for `after`. */
function inheritance(value: unknown): Recipe {
  const names = ["owner", "heirs", "threshold", "after"];
  const fields = readFields(value, "parameters", names);
  const owner = readParty(fields.owner, "parameters.owner", "owner");
  const parties = readParties(fields.heirs, "parameters.heirs", "heir");
  const threshold = readThreshold(fields.threshold, "parameters.threshold", parties.length);
  const lock = readLock(fields.after, "parameters.after", ["blocks", "seconds"]);
  return {
    parameters: {
      owner: formatParty(owner),
      heirs: parties.map(formatParty),
      threshold,
      after: formatLock(lock),
    },
    branches: [aloneIn("owner", owner), { name: "heirs", parties, threshold, lock }],
    notes: [
      `Each time ${partyLabel(owner)} sends the coins to this contract again, the wait starts anew.`,
    ],
  };
}

function aloneIn(name: BranchName, party: ContractParty): ContractBranch {
  return { name, parties: [party], threshold: 1 };
}
